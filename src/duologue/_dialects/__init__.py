"""The wire formats: one module or package each, which encodes a request and decodes frames into events.

A dialect is found by the name that the provider table gives. It is a module with

- `FRAMING`: how a streamed body is framed, `sse`, `jsonl` or `aws-eventstream`;
- `encode(request, provider, *, model, stream) -> Wire`: what to send, or `UnsupportedError`;
- `Decoder(provider)`: one stream's state;
- `END_MARKER`, one of `EndMarker`: what tells that a stream is whole, where the provider's row does not say; `event`
  where it is left out;
- `MODELS_PATH`: where the list of models is, below the base URL, to see whether the provider answers; it is asked for a
  token where this is left out;
- `FILES`: whether it has a place for documents as data; True where it is left out. Text files are sent as text else.

All of a provider's state lives in its decoder; nothing here does IO or reads a clock. A package of its own adds a
dialect by an entry point in the group `duologue.dialects`: its name, and the module (or other object) that has these.
"""

from __future__ import annotations

from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, cast

from duologue._plugins import load_plugin, plugin_names
from duologue.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from duologue.events import StreamEvent
    from duologue.models import ChatRequest, FinishReason, Provider


class Wire(NamedTuple):
    """A request as the provider takes it: the path below the base URL, the JSON body, and headers that go with them."""

    path: str
    body: dict[str, Any]
    headers: Mapping[str, str] = MappingProxyType({})


class Decoder(Protocol):
    """One answer's state, fed frame by frame.

    Events are appended to `events`, so that what was decoded before an error is kept.

    That of a format which may be streamed as a JSON array has `feed_array(frame, events)` besides: it gets each
    `Element` of a JSON body that is an array, then `END`, and any other JSON body as text. See `_frames/array.py`.

    One that has `take_text(event)` allows a frame that differs from the one before it in nothing but its text to be
    read without it, where that gave one `TextDelta` or `ReasoningDelta` and nothing else; it is told of the event. With
    `take_arguments(event)` it allows the same for a piece of a call's arguments and nothing else of the call. Such
    a frame may also differ in what `NOISE`, if there is such, says that the decoder does not heed. One that has
    `repeatable` tells whether all that holds for the frame just read. See `_core/repeats.py`.
    """

    ended: bool
    """Whether the provider's own end marker was seen, and nothing that counts follows it. A decoder that knows of
    things that may follow has `stopped` besides: the marker was seen, so a body that ends now is whole. One of a format
    with answers in the background has `pending`: the reply is whole, and the answer is still to come."""
    finish: dict[int, tuple[FinishReason, str]]
    """Why each choice ended, in our word and the provider's, as far as it gave one."""

    def feed(self, frame: Any, events: list[StreamEvent]) -> None:
        """Decode one frame: a `ServerSentEvent`, or where `FRAMING` says so a line's text (`jsonl`) or an
        `EventStreamMessage` (`aws-eventstream`).

        Raises:
            APIError: the provider reports an error.
            DecodeError: the frame is not JSON of the dialect's shape.
        """
        ...

    def feed_whole(self, body: str, events: list[StreamEvent]) -> None:
        """Decode an answer that was not streamed; raises as `feed`."""
        ...


class Dialect(Protocol):
    """What a dialect's module offers."""

    FRAMING: str

    def encode(self, request: ChatRequest, provider: Provider, *, model: str, stream: bool) -> Wire:
        """What to send for `request`."""
        ...

    def Decoder(self, provider: Provider) -> Decoder:  # noqa: N802 - a class in the module
        """A decoder for one answer."""
        ...


_MODULES = {
    "anthropic-messages": "anthropic_messages",
    "bedrock-converse": "bedrock_converse",
    "cohere": "cohere",
    "gemini": "gemini",
    "ollama": "ollama",
    "openai-chat": "openai_chat",
    "openai-responses": "openai_responses",
}


FRAMINGS = frozenset({"sse", "jsonl", "aws-eventstream"})
_GROUP = "duologue.dialects"
_found: dict[str, Dialect] = {}


def find_dialect(name: str) -> Dialect:
    """The dialect of that name, imported when it is first needed.

    Raises:
        ConfigurationError: there is none, or what a package has under that name is none.
    """
    dialect = _found.get(name)
    if dialect is None:
        own = f"duologue._dialects.{_MODULES[name]}" if name in _MODULES else None
        dialect = _found[name] = _load(name) if own is None else cast("Dialect", import_module(own))
    return dialect


def _load(name: str) -> Dialect:
    """The dialect that an installed package adds."""
    found = load_plugin(_GROUP, name)
    if found is None:
        known = sorted({*_MODULES, *plugin_names(_GROUP)})
        raise ConfigurationError(f"unknown dialect {name!r}; known ones: {', '.join(known)}")
    place, dialect = found
    missing = [part for part in ("encode", "Decoder") if not callable(getattr(dialect, part, None))]
    if getattr(dialect, "FRAMING", None) not in FRAMINGS:
        missing.append(f"FRAMING (one of {', '.join(sorted(FRAMINGS))})")
    if missing:
        raise ConfigurationError(f"{place} is no dialect: it has no {', no '.join(missing)}")
    return cast("Dialect", dialect)
