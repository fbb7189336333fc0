"""Other projects' recordings of real provider responses, and whether a response says what they say.

They lie beside a checkout, not in it, since they are not ours to publish: `DUOLOGUE_SHARED` names the folder, by
default `../shared`. Tests that need them skip, saying so, where they are missing.
"""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from duologue import errors
from duologue.errors import APIError, DuologueError
from duologue.models import AudioContent, ChatResponse, CitationContent, UnknownContent

if TYPE_CHECKING:
    from collections.abc import Iterator

SHARED = Path(os.environ.get("DUOLOGUE_SHARED", Path(__file__).parents[2].parent / "shared"))
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason=f"no recordings and vectors at {SHARED}")


class Recording(NamedTuple):
    """One recorded exchange."""

    name: str
    about: dict[str, Any]
    body: bytes
    expected: dict[str, Any]

    @property
    def headers(self) -> dict[str, str]:
        """The response's headers by lower-case names."""
        return {name.lower(): value for name, value in self.about["response_headers"].items()}


def recordings(*protocols: str) -> list[Recording]:
    """The recordings of some protocols that a client has to be able to read."""
    found = []
    for protocol in protocols:
        for path in sorted((SHARED / "recordings" / protocol).glob("*.expected.json")):
            stem = path.name.removesuffix(".expected.json")
            about = json.loads(path.with_name(f"{stem}.json").read_text())
            expected = json.loads(path.read_text())
            if expected["outcome"] != "skip":
                found.append(Recording(stem, about, path.with_name(about["body_file"]).read_bytes(), expected))
    return found


def cuts(body: bytes, seed: int = 0) -> Iterator[tuple[str, list[bytes]]]:
    """A body whole, line by line, byte by byte, and at random places."""
    yield "whole", [body]
    yield "lines", body.splitlines(keepends=True)
    yield "bytes", [body[i : i + 1] for i in range(len(body))]
    draw = random.Random(seed)
    for number in range(3):
        places = sorted(draw.randrange(len(body) + 1) for _ in range(draw.randrange(1, 40)))
        pieces = [body[a:b] for a, b in zip([0, *places], [*places, len(body)], strict=True)]
        yield f"random {number}", pieces


def differences(recording: Recording, response: ChatResponse, error: DuologueError | None) -> list[str]:
    """How what was read differs from what the recording says; nothing where it does not."""
    expected, found = recording.expected, _reading(recording, response, error)
    either = expected.get("either", {})
    wrong = []
    for field, value in found.items():
        wanted = expected.get(field)
        if value != wanted and value not in either.get(field, []):
            wrong.append(f"{field}: expected {wanted!r}, got {value!r}")
    return wrong + _error_differences(expected["error"], error, done=expected["outcome"] == "done")


def _reading(recording: Recording, response: ChatResponse, error: DuologueError | None) -> dict[str, Any]:
    expected = recording.expected
    outcome = "done" if error is None else "error" if isinstance(error, APIError) else "truncated"
    found: dict[str, Any] = {"outcome": outcome}
    if expected["outcome"] == "error" and expected["error"]["status"] is not None:
        return found
    messages = [choice.message for choice in response.choices]
    found["text"] = [message.text for message in messages] or [""]
    found["reasoning"] = [message.reasoning for message in messages] or [""]
    refusals = [message.refusal for message in messages]
    found["refusal"] = refusals if any(refusals) else None
    found["tool_calls"] = [_call(call) for message in messages for call in message.tool_calls]
    if outcome == "done":
        found["finish_reason"] = response.finish_reason
        found["finish_reason_raw"] = response.choices[0].raw_finish_reason if response.choices else None
    found["response_id"], found["model"] = response.id, response.model
    found |= _usage(expected, response)
    if expected.get("other_content"):
        kinds = {kind for message in messages for part in message.content for kind in _others(part)}
        found["other_content"] = sorted(kinds & set(expected["other_content"]))
    return found


def _usage(expected: dict[str, Any], response: ChatResponse) -> dict[str, Any]:
    if expected["usage"] is None:
        return {"usage": None if response.usage.source == "absent" else response.usage}
    wrong = {
        field: getattr(response.usage, field)
        for field, value in expected["usage"].items()
        # Where the provider gave no count, ours is 0.
        if getattr(response.usage, field) not in (value or 0, *expected.get("either", {}).get(f"usage.{field}", []))
    }
    found: dict[str, Any] = {"usage": wrong or expected["usage"]}
    if expected.get("provider_raw") is not None:
        found["provider_raw"] = dict(response.usage.raw)
    return found


def _call(call: Any) -> dict[str, Any]:
    try:
        arguments = call.parsed()
    except DuologueError:
        arguments = call.arguments
    return {"id": None if call.generated_id else call.id, "name": call.name, "arguments": arguments}


def _others(part: object) -> tuple[str, ...]:
    """The names that recordings have for a part's kind."""
    match part:
        case CitationContent():
            return "annotation", "citation"
        case AudioContent():
            return ("audio",)
        case UnknownContent(raw):
            return (str(raw.get("type")),)
    return ()


def _error_differences(expected: dict[str, Any] | None, error: DuologueError | None, *, done: bool) -> list[str]:
    """`done`: a good end is what is expected, and the error is what may come in its place."""
    if expected is None:
        return []
    if error is None:
        return [] if done else [f"error: expected {expected['class']}, got none"]
    classes = tuple(getattr(errors, name) if name != "*" else APIError for name in expected["class"])
    wrong = [] if isinstance(error, classes) else [f"class: expected {expected['class']}, got {type(error).__name__}"]
    wrong += [
        f"error.{field}: expected {expected[key]!r}, got {getattr(error, field)!r}"
        for field, key in (("status_code", "status"), ("code", "code"), ("type", "type"), ("message", "message"))
        if getattr(error, field) != expected[key] and expected[key] is not None
    ]
    return wrong
