"""Table A2, the rest: what stands in the body of an answer."""

from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING, Any

from duologue import (
    APIError,
    ContentTypeError,
    DecodeError,
    ProtocolError,
    RateLimitError,
    ServerError,
    StreamInterrupted,
    StreamTruncated,
)
from tests.dialects.bedrock_converse.wire import event as aws
from tests.dialects.bedrock_converse.wire import exception, message
from tests.faults.bodies import FORMATS
from tests.faults.leaving import client_for, on_its_loop
from tests.faults.row import Act, Row
from tests.faults.transport import BEGUN, CHUNKED, SSE
from tests.kit.server import ScriptedServer, chunk, hang_up, head, reply, when_told
from tests.kit.wire import DONE, answer, data, delta, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.faults.row import Promise
    from tests.kit.twins import Twin

HELLO = answer("Hel", "lo")
STREAM: dict[str, Any] = {"phase": "stream"}


def _says(*words: str, withheld: str = "\0") -> Callable[[Any], None]:
    """Whether an error has these words in it, and not what the provider said."""

    def holds(error: Any) -> None:
        assert all(word in str(error) for word in words), str(error)
        assert withheld not in str(error) + repr(error)

    return holds


# -- its kind ---------------------------------------------------------------------------------------------------------


def _called(content_type: str | None) -> Row:
    headers = {} if content_type is None else {"content-type": content_type}
    words = "no `Content-Type`" if content_type is None else f"`Content-Type: {content_type}`"
    return Row(fault=words, server=[[head(200, headers), *HELLO, hang_up]], note="taken for a stream")


def _foreign(content_type: str, body: bytes) -> Row:
    return Row(
        fault=f"`Content-Type: {content_type}`",
        server=[reply(body, content_type=content_type)],
        gives=ContentTypeError,
        holds=_says(repr(body.decode()[:200])),
        note="with its first 200 characters",
        **STREAM,
    )


KINDS = [
    *map(_called, ("Text/Event-Stream", "text/event-stream; charset=utf-8", "text/event-stream;", None)),
    _foreign("text/html", b"<html>" + b"x" * 300),
    _foreign("text/plain", b"Hello"),
    Row(
        fault="a whole answer in JSON instead of a stream",
        server=[reply(whole("Hello"), content_type="application/json")],
        note="its events come at once",
        returned=True,
    ),
    Row(
        fault="an answer of another format (Ollama's)",
        server=[reply(FORMATS["ollama"].frames, content_type="application/x-ndjson")],
        gives=ContentTypeError,
        holds=_says("application/x-ndjson"),
        **STREAM,
    ),
    Row(
        fault="an answer of another format, under the right name (Anthropic's)",
        server=[reply(FORMATS["anthropic-messages"].frames)],
        gives=DecodeError,
        holds=_says("no Chat Completions answer"),
        **STREAM,
    ),
]

# -- compression ------------------------------------------------------------------------------------------------------


def squeezed(encoding: str) -> list[bytes]:
    """The answer, compressed so that each piece can be read as soon as it is there."""
    squeeze = zlib.compressobj(wbits=31 if encoding == "gzip" else 15)
    return [*(squeeze.compress(piece) + squeeze.flush(zlib.Z_SYNC_FLUSH) for piece in HELLO), squeeze.flush()]


def _gzipped(*pieces: bytes) -> list[Any]:
    return [head(200, {**CHUNKED, "content-encoding": "gzip"}), *map(chunk, pieces), chunk(b"")]


@on_its_loop
async def at_once(twin: Twin) -> None:
    """The rest is not sent before the first event has been read."""
    first, *rest = squeezed("gzip")
    body = [head(200, {**CHUNKED, "content-encoding": "gzip"}), chunk(first), when_told, *map(chunk, rest), chunk(b"")]
    with ScriptedServer(body) as server:
        async with client_for(twin, server) as client:
            seen = []
            async for event in client.stream("hi"):
                seen.append(event.text)
                if event.text == "Hel":
                    server.told.set()
            assert "".join(seen) == "Hello"


COMPRESSION: list[Promise] = [
    Act(fault="gzip, flushed after each event", do=at_once, note="each event as it comes"),
    Row(fault="gzip", server=[reply(squeezed("gzip"), content_encoding="gzip")], returned=True),
    Row(fault="deflate", server=[reply(squeezed("deflate"), content_encoding="deflate")], returned=True),
    Row(
        fault="gzip, cut short after an event",
        server=[_gzipped(squeezed("gzip")[0])],
        gives=StreamTruncated,
        kept="Hel",
        holds=_says("inside its gzip data"),
        **STREAM,
    ),
    Row(
        fault="gzip, cut short behind the finish reason, where no end marker is needed",
        server=[_gzipped(*squeezed("gzip")[:3])],
        client={"provider": "openai"},
        gives=StreamTruncated,
        kept="Hello",
        holds=_says("inside its gzip data"),
        **STREAM,
    ),
    Row(
        fault="gzip that breaks off in the middle of the connection",
        server=[[*_gzipped(*squeezed("gzip")[:1])[:-1], hang_up]],
        gives=StreamInterrupted,
        kept="Hel",
        **STREAM,
    ),
    Row(
        fault="gzip that does not fit its check sum",
        server=[_gzipped(gzip.compress(delta("Hel"))[:-8] + bytes(8))],
        gives=ProtocolError,
        holds=_says("not gzip data"),
        **STREAM,
    ),
    Row(
        fault="an encoding that was not asked for (br)",
        server=[reply(b"x", content_encoding="br")],
        gives=ProtocolError,
        holds=_says("only gzip, deflate were asked for"),
        **STREAM,
    ),
]

# -- server-sent events -----------------------------------------------------------------------------------------------

BODY = b"".join(HELLO)


def _written(fault: str, body: bytes, note: str = "") -> Row:
    """A body that comes byte by byte."""
    return Row(fault=fault, server=[[head(200, SSE), *(bytes([byte]) for byte in body), hang_up]], note=note)


FRAMES = [
    _written("a byte order mark", b"\xef\xbb\xbf" + BODY, "left out"),
    _written("lines that end in CR LF", BODY.replace(b"\n", b"\r\n")),
    _written("lines that end in CR", BODY.replace(b"\n", b"\r")),
    _written(
        "comments, `id`, `retry`, and fields that nobody knows", b": x\nid: 1\nretry: 5\nx: y\n\n" + BODY, "left out"
    ),
    _written("an event in several lines of data", BODY.replace(b'{"id"', b'{\ndata: "id"'), "joined"),
    _written("no blank line after the last event", BODY.removesuffix(b"\n"), "it counts"),
    _written(
        "a character of several bytes, cut anywhere", BODY.replace(b"m-1", "m-\u20ac\U0001f642".encode()), "joined"
    ),
    Row(
        fault="U+2028 and U+0085 in data",
        server=[reply([delta("Hel"), data({"id": "\u2028", "choices": []}), delta("lo\u0085"[:2], "stop"), DONE])],
        note="they end no line",
        returned=True,
    ),
    Row(
        fault="bytes that are no UTF-8",
        server=[reply([BODY.replace(b"chatcmpl-1", b"\xff\xfe")])],
        note="U+FFFD in their place",
        returned=True,
    ),
]

# -- JSON -------------------------------------------------------------------------------------------------------------


def _spoilt(fault: str, event: bytes, *words: str, note: str = "") -> Row:
    return Row(
        fault=fault,
        server=[[*BEGUN, chunk(event), chunk(DONE), chunk(b"")]],
        gives=DecodeError,
        kept="Hel",
        holds=_says("(frame 2 of the stream)", *words, withheld="canary"),
        note=note,
        **STREAM,
    )


def _chunk(**fields: Any) -> bytes:
    return data({"id": "chatcmpl-1", "choices": [{"index": 0, "delta": {}, "finish_reason": None} | fields]})


SPOILT = [
    _spoilt(
        "no JSON",
        b"data: {canary}\n\n",
        "at character 1",
        note="it says where, and no word of it",
    ),
    _spoilt("JSON that is cut short, in an event that is not", b'data: {"choices": [{"canary\n\n', "not JSON"),
    _spoilt("NaN", b'data: {"choices": NaN}\n\n', "NaN is not JSON"),
    _spoilt("a number that is too large", b'data: {"choices": 1e999}\n\n', "too large"),
    _spoilt("100,000 brackets", b"data: " + b"[" * 100_000 + b"\n\n", "nested too deeply"),
    _spoilt("a number where a text belongs", _chunk(delta={"content": 5}), "delta.content: expected an array, got int"),
    _spoilt("a text where an array belongs", data({"choices": "canary"}), "choices: expected an array"),
]


def _has_novelty(events: list[Any]) -> None:
    assert [event.raw["novelty"] for event in events if event.type == "unknown"] == [{"x": 1}]


UNKNOWN = [
    Row(
        fault="an object of a kind that nobody knows",
        server=[reply([delta("Hel"), data({"choices": [], "novelty": {"x": 1}}), delta("lo", "stop"), DONE])],
        note="given as `Unknown`, with all that came",
        holds=_has_novelty,
        returned=True,
    ),
    Row(
        fault="a finish reason that nobody knows",
        server=[reply([delta("Hel"), delta("lo", "moon"), DONE])],
        note="`unknown`, and the word itself in `raw_finish_reason`",
        returned=True,
    ),
    Row(
        fault="null, or nothing, for whatever may be missing",
        server=[
            reply(
                [
                    delta("Hel", id=None, role=None, tool_calls=None, refusal=None),
                    data({"id": None, "model": None, "choices": None, "usage": None}),
                    data({}),
                    delta("lo", "stop"),
                    DONE,
                ]
            )
        ],
        returned=True,
    ),
]

# -- tool calls -------------------------------------------------------------------------------------------------------


def _call(index: int, arguments: str, **head: Any) -> bytes:
    """A piece of a call."""
    function = {"arguments": arguments, **({"name": head.pop("name")} if "name" in head else {})}
    return delta(tool_calls=[{"index": index, "function": function, **head}])


def _calls(fault: str, *pieces: bytes, calls: list[tuple[str, str]], note: str = "") -> Row:
    def holds(events: list[Any]) -> None:
        found = events[-1].response.tool_calls
        assert [(call.name, call.arguments) for call in found] == calls
        assert len({call.id for call in found}) == len(found)

    return Row(
        fault=fault,
        server=[reply([delta("Hello"), *pieces, delta(finish="tool_calls"), DONE])],
        holds=holds,
        note=note,
        returned=True,
    )


CUT = [('{"a": "x', {"a": "x"})]
BOTH = [("f", '{"a": 1}'), ("g", '{"b": 2}')]
TOOL_CALLS = [
    _calls(
        "the pieces of two calls come by turns",
        _call(0, '{"a"', id="c1", name="f"),
        _call(1, '{"b"', id="c2", name="g"),
        _call(0, ": 1}"),
        _call(1, ": 2}"),
        calls=BOTH,
        note="each goes to its own",
    ),
    _calls(
        "indexes with gaps, in any order",
        _call(7, '{"a": 1}', id="c1", name="f"),
        _call(3, '{"b": 2}', id="c2", name="g"),
        calls=BOTH,
        note="in the order in which they came",
    ),
    _calls(
        "a second id on one index",
        _call(0, '{"a": 1}', id="c1", name="f"),
        _call(0, '{"b": 2}', id="c2", name="g"),
        calls=BOTH,
        note="a call of its own",
    ),
    _calls(
        "calls without ids", _call(0, '{"a": 1}', name="f"), _call(1, '{"b": 2}', name="g"), calls=BOTH, note="made up"
    ),
    Row(
        fault="the body ends inside a call's arguments",
        server=[[*BEGUN, chunk(_call(0, '{"a": "x', id="c1", name="f")), hang_up]],
        gives=StreamInterrupted,
        kept="Hel",
        note="`partial` has as much of the call as came, and of its arguments what can be read",
        holds=lambda error: _is([(call.arguments, call.partial) for call in error.partial.tool_calls], CUT),
        **STREAM,
    ),
]


def _is(found: object, wanted: object) -> None:
    assert found == wanted


# -- the other framings -----------------------------------------------------------------------------------------------

LINES = FORMATS["ollama"].frames
NDJSON = {"content-type": "application/x-ndjson"}


def _lines(fault: str, *lines: Any, **fields: Any) -> Row:
    return Row(fault=fault, server=[[head(200, NDJSON), *lines, hang_up]], speaks="ollama", **fields)


JSON_LINES = [
    _lines("blank lines", LINES[0], b"\n \n", *LINES[1:], note="skipped"),
    _lines("lines that end in CR LF", *(line.replace(b"\n", b"\r\n") for line in LINES)),
    _lines("a last line without an end", *LINES[:-1], LINES[-1].rstrip(), note="it counts"),
    _lines(
        "a line with an error",
        LINES[0],
        when_told,
        b'{"error": "no"}\n',
        gives=APIError,
        kept="Hel",
        **STREAM,
    ),
    _lines(
        "a line that is no JSON",
        LINES[0],
        when_told,
        b"canary\n",
        LINES[1],
        gives=DecodeError,
        kept="Hel",
        holds=_says("(frame 2 of the stream)", withheld="canary"),
        **STREAM,
    ),
]

EVENTS = FORMATS["bedrock-converse"].frames
EVENT_STREAM = {"content-type": FORMATS["bedrock-converse"].content_type}


def _aws(fault: str, *frames: bytes, **fields: Any) -> Row:
    return Row(
        fault=fault,
        server=[[head(200, EVENT_STREAM), *EVENTS[:2], when_told, *frames, hang_up]],
        speaks="bedrock-converse",
        kept="Hel",
        **STREAM,
        **fields,
    )


EVENT_STREAMS = [
    _aws("a wrong check sum", EVENTS[2][:-1] + b"\0", gives=ProtocolError),
    _aws("a wrong length", b"\0\0\0\5" + EVENTS[2][4:], gives=ProtocolError),
    _aws("a message that is cut short", EVENTS[2][:-9], gives=StreamTruncated),
    _aws("a message without a type", message({":message-type": "event"}, b"{}"), gives=ProtocolError),
    _aws("an exception", exception("throttlingException", {"message": "no"}), gives=RateLimitError),
    _aws(
        "an error",
        message({":message-type": "error", ":error-code": "internal", ":error-message": "no"}, b""),
        gives=ServerError,
    ),
    _aws("an event with no JSON in it", aws("contentBlockDelta", b"canary"), gives=DecodeError),
]

TABLE: Mapping[str, list[Promise]] = {
    "Its kind": [*KINDS],
    "Compression": [*COMPRESSION],
    "Server-sent events": [*FRAMES],
    "JSON": [*SPOILT, *UNKNOWN],
    "Tool calls": [*TOOL_CALLS],
    "JSON lines": [*JSON_LINES],
    "AWS event streams": [*EVENT_STREAMS],
}
