"""Table A1: what befalls the line, by how far the answer had come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from duologue import (
    BadRequestError,
    ConnectError,
    ConnectionLost,
    EmptyResponse,
    ProtocolError,
    ProxyError,
    RateLimitError,
    RedirectRefused,
    StreamInterrupted,
    StreamTimeout,
    StreamTruncated,
    Timeouts,
    TLSError,
)
from tests.faults import places
from tests.faults.bodies import FORMATS
from tests.faults.row import Row, short
from tests.kit.server import (
    Early,
    chunk,
    half_close,
    hang_up,
    head,
    listen,
    over_and_over,
    pause,
    reply,
    reset,
    stop_reading,
    until_closed,
    when_told,
)
from tests.kit.wire import DONE, answer, delta

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.faults.row import Promise

SSE = {"content-type": "text/event-stream"}
CHUNKED = {**SSE, "transfer-encoding": "chunked"}
BEGUN = [head(200, CHUNKED), chunk(delta("Hel")), when_told]
UNFRAMED = [head(200, SSE), delta("Hel"), when_told]  # the body ends with the connection
HALF = delta("lo")[:20]
LARGE = "x" * 8_000_000
SMALL_BUFFER = {"buffer": 8192}
PING = chunk(b": ping\n\n")


def _refusal(status: int) -> list[Any]:
    return reply(b'{"error": {"message": "no"}}', status, "application/json", connection="close")


def _redirect(status: int) -> Row:
    return Row(
        fault=f"a redirect ({status})",
        server=[reply(b"", status, location="http://127.0.0.1:9/v1/chat/completions")],
        gives=RedirectRefused,
        phase="response",
        note="the key would go along",
    )


def _without_marker(speaks: str) -> Row:
    """The finish reason was the last that came, if that is not the end marker itself."""
    spoken = FORMATS[speaks]
    frames = spoken.frames[: -2 if speaks == "bedrock-converse" else -1]  # usage comes behind the end marker there
    return Row(
        fault=f"the body ends: {speaks}",
        server=[[head(200, {"content-type": spoken.content_type}), *frames, hang_up]],
        speaks=speaks,
        gives=StreamTruncated,
        phase="stream",
        kept="Hello",
    )


def _says(*words: str) -> Any:
    def check(error: Any) -> None:
        assert all(word in str(error) for word in words), str(error)
        assert places.PASSWORD not in repr(error) + str(error) + str(error.__cause__)

    return check


def _marker_missing(events: list[Any]) -> None:
    assert events[-1].response.terminator_missing


DNS = [
    Row(
        fault="the name is not known",
        where=places.nobody_knows_the_name,
        gives=ConnectError,
        phase="dns",
    ),
    Row(
        fault="the resolver does not answer",
        where=places.resolver_that_hangs_once,
        client=short("connect"),
        gives=StreamTimeout,
        phase="connect",
        again=True,
    ),
]

CONNECT = [
    Row(
        fault="the connection is refused",
        where=places.nobody_listens,
        gives=ConnectError,
        phase="connect",
        again=True,
    ),
    Row(
        fault="nobody takes the connection up",
        where=places.nobody_accepts,
        client=short("connect"),
        gives=StreamTimeout,
        phase="connect",
        again=True,
    ),
    Row(
        fault="the first address is dead, the second alive",
        where=places.first_address_is_dead,
        client={"timeouts": Timeouts(connect=2)},
        note="within `connect`",
    ),
]

TLS = [
    Row(
        fault="the handshake stalls",
        where=places.over_tls,
        kit={"greeting": [until_closed]},
        client=short("connect"),
        gives=StreamTimeout,
        phase="connect",
        again=True,
    ),
    Row(
        fault="the server does not speak TLS",
        where=places.over_tls,
        kit={"greeting": [b"HTTP/1.1 400 Bad Request\r\n\r\n", until_closed]},
        gives=TLSError,
        phase="tls",
        again=True,
    ),
    Row(
        fault="the certificate has expired",
        where=places.certified(**places.EXPIRED),
        server=[reply(answer("x"))],
        gives=TLSError,
        phase="tls",
        holds=_says("expired"),
    ),
    Row(
        fault="the certificate is another host's",
        where=places.certified("other.example"),
        server=[reply(answer("x"))],
        gives=TLSError,
        phase="tls",
        holds=_says("IP address mismatch"),
    ),
    Row(
        fault="the certificate's authority is not known",
        where=places.certified(trusted=False),
        server=[reply(answer("x"))],
        gives=TLSError,
        phase="tls",
        holds=_says("unable to get local issuer"),
    ),
]

PROXY = [
    Row(
        fault="the proxy asks for a password (407)",
        where=places.through_tunnel,
        server=[reply(b"", 407)],
        gives=ProxyError,
        phase="proxy",
        holds=_says("407"),
        note="its password is in no text",
    ),
    Row(
        fault="the proxy is not there",
        where=places.proxy_is_not_there,
        gives=ProxyError,
        phase="proxy",
        again=True,
        holds=_says(),
    ),
    Row(
        fault="the proxy closes after the request for a tunnel",
        where=places.through_tunnel,
        server=[[hang_up]],
        gives=ProxyError,
        phase="proxy",
        again=True,
        holds=_says(),
    ),
    Row(
        fault="the proxy does not answer",
        where=places.through_tunnel,
        server=[[until_closed]],
        client=short("connect"),
        gives=StreamTimeout,
        phase="connect",
        again=True,
        holds=_says(),
    ),
    Row(
        fault="the tunnel leads to what does not speak TLS",
        where=places.through_tunnel,
        server=[[head(200), listen, b"no TLS\r\n", until_closed]],
        gives=TLSError,
        phase="tls",
        again=True,
        holds=_says(),
    ),
    Row(
        fault="nothing comes through the tunnel",
        where=places.through_tunnel,
        server=[[head(200), until_closed]],
        client=short("connect"),
        gives=StreamTimeout,
        phase="connect",
        again=True,
        holds=_says(),
    ),
    Row(
        fault="the proxy works",
        where=places.through_tunnel,
        note="its connection is used again",
        returned=True,
    ),
    Row(
        fault="the proxy works, and is spoken to over TLS",
        where=places.through_encrypted_proxy,
        note="its connection is used again",
        returned=True,
    ),
    Row(
        fault="the proxy works, without a tunnel",
        where=places.through_proxy,
        note="its connection is used again",
        returned=True,
    ),
]

WRITE = [
    Row(
        fault="the server answers before it has read the request, and closes (413)",
        server=[Early([*_refusal(413), hang_up])],
        prompt=LARGE,
        gives=BadRequestError,
        phase="response",
        note="the answer is read, though the request cannot be sent",
    ),
    Row(
        fault="likewise, over TLS",
        where=places.certified(),
        server=[Early([*_refusal(413), hang_up])],
        prompt=LARGE,
        gives=BadRequestError,
        phase="response",
    ),
    Row(
        fault="likewise, with a status that allows another try (429)",
        server=[Early([*_refusal(429), hang_up])],
        prompt=LARGE,
        gives=RateLimitError,
        phase="response",
        again=True,
    ),
    Row(
        fault="the server answers before it has read the request, and reads no more of it",
        server=[Early([*_refusal(413), stop_reading])],
        prompt=LARGE,
        kit=SMALL_BUFFER,
        gives=BadRequestError,
        phase="response",
    ),
    Row(
        fault="the server closes before it has read the request",
        server=[Early([reset])],
        prompt=LARGE,
        gives=ConnectionLost,
        phase="request",
        again=True,
    ),
    Row(
        fault="the server stops reading",
        server=[Early([stop_reading])],
        prompt=LARGE,
        kit=SMALL_BUFFER,
        client=short("first_event"),
        gives=StreamTimeout,
        phase="first_event",
        note="what was sent may have been accepted",
    ),
]

BEFORE_HEAD = [
    Row(fault="FIN", server=[[hang_up]], gives=ConnectionLost, phase="request", again=True),
    Row(
        fault="FIN, and the connection half open",
        server=[[half_close]],
        gives=ConnectionLost,
        phase="request",
        again=True,
    ),
    Row(fault="RST", server=[[reset]], gives=ConnectionLost, phase="request", again=True),
    Row(
        fault="silence",
        server=[[until_closed]],
        client=short("first_event"),
        gives=StreamTimeout,
        phase="first_event",
        again=True,
    ),
    Row(
        fault="something that is no HTTP",
        server=[[b"SSH-2.0-OpenSSH_9.2\r\n\r\n", until_closed]],
        gives=ProtocolError,
        phase="request",
    ),
    Row(
        fault="a header of 1 MiB",
        server=[[head(200, {**SSE, "x-long": "x" * 1024 * 1024}), until_closed]],
        gives=ProtocolError,
        phase="request",
    ),
    Row(
        fault="10,000 headers",
        server=[[head(200, {**SSE, **{f"x{number}": "" for number in range(10_000)}}), until_closed]],
        gives=ProtocolError,
        phase="response",
    ),
    Row(
        fault="interim answers (100, 103) first",
        server=[[head(100), head(103, {"link": "</x>"}), *reply(answer("Hel", "lo"))]],
        note="they are skipped",
        returned=True,
    ),
    Row(
        fault="interim answers without an end",
        server=[[over_and_over(head(103))]],
        client=short("first_event"),
        gives=StreamTimeout,
        phase="first_event",
        again=True,
    ),
    *map(_redirect, (301, 302, 303, 307, 308)),
]

BEFORE_EVENT = [
    Row(fault="FIN", server=[[head(200, CHUNKED), hang_up]], gives=StreamInterrupted, phase="stream", again=True),
    Row(
        fault="RST",
        server=[[head(200, CHUNKED), pause(0.05), reset]],
        gives=StreamInterrupted,
        phase="stream",
        again=True,
    ),
    Row(
        fault="silence",
        server=[[head(200, CHUNKED), until_closed]],
        client=short("first_event"),
        gives=StreamTimeout,
        phase="first_event",
        again=True,
    ),
    Row(
        fault="nothing but comments",
        server=[[head(200, CHUNKED), over_and_over(PING, 0.01)]],
        client=short("first_event"),
        gives=StreamTimeout,
        phase="first_event",
        again=True,
    ),
    Row(
        fault="a body without a byte in it",
        server=[reply(b"")],
        gives=EmptyResponse,
        phase="stream",
        again=True,
        note="once",
    ),
    Row(
        fault="204 instead of a body",
        server=[[head(204)]],
        gives=EmptyResponse,
        phase="stream",
        again=True,
        note="once",
    ),
]

INSIDE_EVENT = [
    Row(
        fault="FIN in a chunked body",
        server=[[*BEGUN, chunk(HALF), hang_up]],
        gives=StreamInterrupted,
        phase="stream",
        kept="Hel",
    ),
    Row(
        fault="FIN inside a chunk",
        server=[[*BEGUN, chunk(delta("lo"))[:20], hang_up]],
        gives=StreamInterrupted,
        phase="stream",
        kept="Hel",
    ),
    Row(
        fault="FIN in a body that ends with its connection",
        server=[[*UNFRAMED, HALF, hang_up]],
        gives=StreamTruncated,
        phase="stream",
        kept="Hel",
        note="HTTP itself cannot tell",
    ),
    Row(
        fault="the last chunk comes too soon",
        server=[[*BEGUN, chunk(HALF), chunk(b"")]],
        gives=StreamTruncated,
        phase="stream",
        kept="Hel",
    ),
    Row(
        fault="RST",
        server=[[*BEGUN, chunk(HALF), reset]],
        gives=StreamInterrupted,
        phase="stream",
        kept="Hel",
    ),
    Row(
        fault="less comes than `Content-Length` says",
        server=[[head(200, {**SSE, "content-length": "5000"}), delta("Hel"), HALF, hang_up]],
        gives=StreamInterrupted,
        phase="stream",
        kept="Hel",
    ),
    Row(
        fault="more comes than `Content-Length` says",
        server=[[head(200, {**SSE, "content-length": str(len(delta("Hel") + HALF))}), delta("Hel"), *answer("lo")]],
        gives=StreamTruncated,
        phase="stream",
        kept="Hel",
    ),
    Row(
        fault="a chunk whose size is no number",
        server=[[*BEGUN, b"zz\r\n", until_closed]],
        gives=ProtocolError,
        phase="stream",
        kept="Hel",
    ),
    Row(
        fault="a chunk with an extension that does not end",
        server=[[*BEGUN, b"5;", over_and_over(b"x" * 4096)]],
        gives=ProtocolError,
        phase="stream",
        kept="Hel",
    ),
    Row(
        fault="silence",
        server=[[*BEGUN, chunk(HALF), until_closed]],
        client=short("idle"),
        gives=StreamTimeout,
        phase="idle",
        kept="Hel",
    ),
    Row(
        fault="an event that comes, but does not end",
        server=[[*BEGUN, chunk(b"data: "), over_and_over(chunk(b"x"), 0.01)]],
        client=short("progress"),
        gives=StreamTimeout,
        phase="progress",
        kept="Hel",
    ),
]

BETWEEN_EVENTS = [
    Row(fault="FIN in a chunked body", server=[[*BEGUN, hang_up]], gives=StreamInterrupted, phase="stream", kept="Hel"),
    Row(
        fault="FIN in a body that ends with its connection",
        server=[[*UNFRAMED, hang_up]],
        gives=StreamTruncated,
        phase="stream",
        kept="Hel",
    ),
    Row(fault="RST", server=[[*BEGUN, reset]], gives=StreamInterrupted, phase="stream", kept="Hel"),
    Row(
        fault="silence",
        server=[[*BEGUN, until_closed]],
        client=short("idle"),
        gives=StreamTimeout,
        phase="idle",
        kept="Hel",
    ),
    Row(
        fault="nothing but comments",
        server=[[*BEGUN, over_and_over(PING, 0.01)]],
        client=short("progress"),
        gives=StreamTimeout,
        phase="progress",
        kept="Hel",
    ),
    Row(
        fault="nothing but comments, as fast as they can be read",
        server=[[*BEGUN, over_and_over(PING * 1000)]],
        client=short("progress"),
        gives=StreamTimeout,
        phase="progress",
        kept="Hel",
    ),
    Row(
        fault="events without an end",
        server=[[*BEGUN, over_and_over(chunk(delta("l")), 0.01)]],
        client=short("total"),
        gives=StreamTimeout,
        phase="total",
        kept="Hel...",
    ),
]

BEFORE_MARKER = [
    *map(_without_marker, FORMATS),
    Row(
        fault="the body ends at an OpenAI-compatible address that the table does not know",
        server=[[head(200, SSE), *answer("Hel", "lo")[:-1], hang_up]],
        client={"provider": "openai"},
        note="`complete`, with `terminator_missing`",
        holds=_marker_missing,
    ),
    Row(
        fault="the body ends there, without a finish reason",
        server=[[head(200, SSE), delta("Hel"), hang_up]],
        client={"provider": "openai"},
        gives=StreamTruncated,
        phase="stream",
        kept="Hel",
    ),
]

WHOLE = [head(200, CHUNKED), *map(chunk, answer("Hel", "lo"))]

AFTER_MARKER = [
    Row(
        fault="the connection stays open",
        server=[[*WHOLE, until_closed]],
        note="after 100 ms it is closed",
        returned=False,
    ),
    Row(
        fault="the last chunk follows",
        server=[[*WHOLE, chunk(b"")]],
        note="the connection is used again",
        returned=True,
    ),
    Row(
        fault="the last chunk follows when the first event was read",
        server=[[*WHOLE, when_told, chunk(b"")]],
        returned=True,
        note="no event waits for it but the last",
    ),
    Row(
        fault="the last chunk follows within 100 ms",
        server=[[*WHOLE, pause(0.01), chunk(b"")]],
        note="the connection is used again",
        returned=True,
    ),
    Row(
        fault="more events follow",
        server=[reply([*answer("Hel", "lo"), delta("more"), DONE])],
        note="they are ignored",
        returned=True,
    ),
    Row(
        fault="more events follow, without an end",
        server=[[*WHOLE, over_and_over(chunk(delta("more")) * 100)]],
        note="they are ignored, and after 100 ms the connection is closed",
        returned=False,
    ),
    Row(
        fault="more comes than `Content-Length` says",
        server=[
            [
                head(200, {**SSE, "content-length": str(len(b"".join(answer("Hel", "lo"))))}),
                b"".join([*answer("Hel", "lo"), head(200, SSE), *answer("of another answer")]),
            ]
        ],
        note="it is not taken for the next answer",
        returned=False,
    ),
    Row(fault="FIN", server=[[*WHOLE, hang_up]], returned=False),
    Row(fault="RST", server=[[*WHOLE, reset]], returned=False),
]

TABLE: Mapping[str, list[Promise]] = {
    "Finding the server (DNS)": [*DNS],
    "Connecting": [*CONNECT],
    "Encrypting (TLS)": [*TLS],
    "Through a proxy": [*PROXY],
    "While the request is sent": [*WRITE],
    "Before the head of the answer": [*BEFORE_HEAD],
    "After the head, before an event": [*BEFORE_EVENT],
    "Inside an event": [*INSIDE_EVENT],
    "Between events": [*BETWEEN_EVENTS],
    "After the last event, before the end marker": [*BEFORE_MARKER],
    "After the end marker": [*AFTER_MARKER],
}
