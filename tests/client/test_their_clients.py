"""A client of the caller's own, out of httpx or its fork httpx2: what it was made with counts, and ours holds.

What befalls the line is played to such clients in `tests/faults/test_their_clients.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import gzip
import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import anyio
import httpx
import httpx2
import pytest
import trio

import duologue
from duologue import (
    AuthenticationError,
    ClosedError,
    ConfigurationError,
    LimitExceeded,
    Limits,
    OverloadedError,
    PoolTimeout,
    RedirectRefused,
    RetryPolicy,
    StreamInterrupted,
    StreamTimeout,
    StreamTruncated,
    Timeouts,
    TLSError,
    TransportError,
)
from tests.client.test_stream import CHUNKED, SSE
from tests.kit.roads import LIBRARIES, close, their_client
from tests.kit.server import ScriptedServer, chunk, hang_up, head, pause, reply, tunnel, until_closed
from tests.kit.tls import client_context, server_context
from tests.kit.twins import collect
from tests.kit.wire import answer, delta, whole

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from tests.kit.twins import Twin

GOOD = reply(answer("x"))
SILENT = [head(200, CHUNKED), chunk(delta("x")), until_closed]
ONCE = RetryPolicy(max_retries=0)
QUICK = RetryPolicy(max_retries=2, base_delay=0.001)
# Where a stream waits; the server says nothing any more.
WAITS: dict[str, list[Any]] = {
    "before the head": [until_closed],
    "before the first event": [head(200, CHUNKED), until_closed],
    "between events": SILENT,
    "between events, to the end of the connection": [head(200, SSE), delta("x"), until_closed],
    "before another try": reply(b"{}", 503, "application/json", retry_after="20"),
}


@pytest.fixture(params=sorted(LIBRARIES))
def library(request: pytest.FixtureRequest) -> Any:
    """Where the caller's client comes from."""
    return LIBRARIES[request.param]


@contextlib.asynccontextmanager
async def on(
    library: Any, twin: Twin, server: ScriptedServer | str, *, own: dict[str, Any] | None = None, **fields: Any
) -> AsyncIterator[Any]:
    """A client of ours on one of the caller's, which is made with `own`."""
    base_url = server if isinstance(server, str) else server.base_url
    async with their_client(library, twin, **(own or {})) as theirs:
        given = {"base_url": base_url, "api_key": "sk-test", "http_client": theirs, "retry": QUICK, **fields}
        async with twin.Client("llamacpp:m-1", **given) as client:
            yield client


def transport(library: Any, twin: Twin, **fields: Any) -> Any:
    """One that talks to sockets."""
    return (library.HTTPTransport if twin.name == "sync" else library.AsyncHTTPTransport)(**fields)


# -- what it is used for ----------------------------------------------------------------------------------------------


async def test_answers_whole_and_in_pieces(twin: Twin, library: Any) -> None:
    with ScriptedServer(GOOD, reply(whole("y"), content_type="application/json"), GOOD) as server:
        async with on(library, twin, server) as client:
            assert (await client.stream("hi").result()).text == "x"
            assert (await client.chat("hi")).text == "y"
            assert "".join([piece async for piece in client.stream("hi").text()]) == "x"
        assert server.connections == 1
        assert server.requests[0].headers["authorization"] == "Bearer sk-test"


def test_a_fork_is_used_without_the_original() -> None:
    """And nothing imports the fork but its user."""
    script = (
        "import sys, duologue, httpx2\n"
        "ours = duologue.Client('llamacpp:m', http_client=httpx2.Client(transport=httpx2.MockTransport("
        "lambda _: httpx2.Response(503))), retry=duologue.RetryPolicy(max_retries=0))\n"
        "try: ours.chat('hi')\n"
        "except duologue.OverloadedError: print(sorted({'httpx', 'httpcore'} & sys.modules.keys()))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "[]\n"


async def test_what_it_was_made_with_is_sent_too(twin: Twin, library: Any) -> None:
    own = {
        "base_url": "http://127.0.0.1:9/elsewhere",
        "headers": {"x-theirs": "1", "user-agent": "theirs", "content-type": "text/plain", "authorization": "theirs"},
        "cookies": {"session": "s-1"},
        "params": {"tenant": "blue"},
    }
    with ScriptedServer(GOOD) as server:
        async with on(library, twin, server, own=own, headers={"x-ours": "2"}) as client:
            assert (await client.stream("hi").result()).text == "x"
        [request] = server.requests
        assert request.path == "/v1/chat/completions?tenant=blue"
        assert request.headers["x-theirs"] == "1"
        assert request.headers["x-ours"] == "2"
        assert request.headers["cookie"] == "session=s-1"
        assert request.headers["content-type"] == "application/json"
        assert request.headers["user-agent"].startswith("duologue/")
        assert request.headers["authorization"] == "Bearer sk-test"


async def test_its_own_way_to_say_who_asks_counts(twin: Twin, library: Any) -> None:
    with ScriptedServer(GOOD) as server:
        async with on(library, twin, server, own={"auth": ("me", "password")}) as client:
            await client.stream("hi").result()
        assert server.requests[0].headers["authorization"].startswith("Basic ")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("where", ["here", "elsewhere"])
async def test_no_redirect_is_followed(twin: Twin, library: Any, status: int, where: str) -> None:
    with ScriptedServer(GOOD) as other, ScriptedServer() as server:
        target = "/v1/chat/completions" if where == "here" else other.base_url
        server.script = [reply(b"", status, location=target)]
        async with on(library, twin, server, own={"follow_redirects": True}) as client:
            for ask in (client.stream("hi").result, lambda: client.chat("hi")):
                with pytest.raises(RedirectRefused) as caught:
                    await ask()
                assert caught.value.status_code == status
        assert (len(server.requests), len(other.requests)) == (2, 0)


async def test_its_mounts_and_proxies_are_its_own_matter(twin: Twin, library: Any) -> None:
    with ScriptedServer(GOOD) as mounted, ScriptedServer(GOOD) as server:
        own = {"mounts": {server.origin: transport(library, twin, proxy=mounted.origin)}}
        async with on(library, twin, server, own=own) as client:
            assert (await client.stream("hi").result()).text == "x"
        assert (len(mounted.requests), len(server.requests)) == (1, 0)


async def test_over_a_unix_socket(twin: Twin, library: Any, tmp_path: Path) -> None:
    with ScriptedServer(GOOD) as server, unix_socket(str(tmp_path / "s"), server):
        own = {"transport": transport(library, twin, uds=str(tmp_path / "s"))}
        async with on(library, twin, "http://localhost/v1", own=own, timeouts=Timeouts(idle=0.2)) as client:
            for _ in range(2):
                assert (await client.stream("hi").result()).text == "x"
            assert server.connections == 1
            server.script = [SILENT]
            with pytest.raises(StreamTimeout) as caught:
                await client.stream("hi").result()
            assert caught.value.phase == "idle"
            assert server.wait_until(lambda seen: seen.open == 0)


async def test_a_unix_socket_that_is_not_there(async_twin: Twin, library: Any) -> None:
    """In the blocking twin the same, but httpcore leaves a socket to the garbage collector there."""
    own = {"transport": transport(library, async_twin, uds="/nowhere")}
    async with on(library, async_twin, "http://localhost/v1", own=own) as client:
        with pytest.raises(duologue.ConnectError) as caught:
            await client.stream("hi").result()
        assert (caught.value.phase, caught.value.attempts) == ("connect", 3)


@contextlib.contextmanager
def unix_socket(path: str, server: ScriptedServer) -> Iterator[None]:
    """Another way to that server."""
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as listener:
        listener.bind(path)
        listener.listen()

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    threading.Thread(target=carry, args=(listener.accept()[0],), daemon=True).start()

        step: Any = tunnel(server.port)

        def carry(connection: socket.socket) -> None:
            with contextlib.suppress(Exception), connection:
                step(connection)

        threading.Thread(target=accept, daemon=True).start()
        yield
        listener.shutdown(socket.SHUT_RDWR)


# -- waiting ----------------------------------------------------------------------------------------------------------


async def test_the_end_of_a_wait_is_no_end_of_the_body(twin: Twin, library: Any) -> None:
    """Where HTTP itself cannot tell one from the other."""
    with ScriptedServer([head(200, SSE), delta("x"), until_closed]) as server:
        async with on(library, twin, server, timeouts=Timeouts(idle=0.2)) as client:
            with pytest.raises(StreamTimeout) as caught:
                await client.stream("hi").result()
            assert caught.value.phase == "idle"
            assert caught.value.partial is not None
            assert caught.value.partial.text == "x"


async def test_its_own_timeouts_count_where_they_are_shorter(twin: Twin, library: Any) -> None:
    with ScriptedServer([until_closed], SILENT) as server:
        async with on(library, twin, server, own={"timeout": 0.2}, retry=ONCE) as client:
            for phase in ("first_event", "idle"):
                with pytest.raises(StreamTimeout) as caught:
                    await client.stream("hi").result()
                assert caught.value.phase == phase
            assert server.wait_until(lambda seen: seen.open == 0)


async def test_a_slow_reader_is_not_a_slow_provider(twin: Twin, library: Any) -> None:
    body = [head(200, CHUNKED), chunk(delta("a")), *map(chunk, answer("b")), chunk(b"")]
    with ScriptedServer(body) as server:
        async with on(library, twin, server, timeouts=Timeouts(idle=0.1, progress=0.1)) as client:
            texts = []
            async for event in client.stream("hi"):
                texts.append(event.text)
                if event.text == "a":
                    await twin.sleep(0.3)
            assert "".join(texts) == "ab"


async def test_one_connection_serves_one_stream_at_a_time(twin: Twin, library: Any) -> None:
    own = {"limits": library.Limits(max_connections=1)}
    with ScriptedServer(SILENT, GOOD) as server:
        async with on(library, twin, server, own=own, timeouts=Timeouts(connect=0.2)) as client:
            stream = client.stream("hi")
            await anext(aiter(stream))
            with pytest.raises(PoolTimeout, match=r"\(your http_client\): 1 streams are open, the oldest for"):
                await client.stream("hi").result()
            await stream.aclose()
            assert server.wait_until(lambda seen: seen.open == 0)
            # Left early its connection is closed, and read to the end it is used again.
            for _ in range(3):
                assert (await client.stream("hi").result()).text == "x"
            assert server.connections == 2


async def test_a_connection_that_the_server_has_closed_meanwhile_is_no_try(twin: Twin, library: Any) -> None:
    with ScriptedServer(GOOD, [hang_up], GOOD) as server:
        async with on(library, twin, server, retry=ONCE) as client:
            for _ in range(2):
                assert (await client.stream("hi").result()).text == "x"
        assert [request.connection for request in server.requests] == [1, 1, 2]
    with ScriptedServer([hang_up]) as server:  # but one that was new is
        async with on(library, twin, server) as client:
            with pytest.raises(duologue.ConnectionLost) as caught:
                await client.stream("hi").result()
            assert caught.value.attempts == 3
        assert len(server.requests) == 3


async def test_tries(twin: Twin, library: Any) -> None:
    busy = reply(b'{"error": {"message": "busy"}}', 503, "application/json")
    with ScriptedServer(busy, [hang_up], GOOD) as server:
        async with on(library, twin, server) as client:
            assert (await client.stream("hi").result()).text == "x"
        assert len(server.requests) == 3
    with ScriptedServer(busy) as server:
        async with on(library, twin, server, own={"limits": library.Limits(max_connections=1)}) as client:
            with pytest.raises(OverloadedError) as caught:
                await client.stream("hi").result()
            assert caught.value.attempts == 3
        assert server.connections == 1


async def test_limits(twin: Twin, library: Any) -> None:
    with ScriptedServer(reply(answer(*"hello" * 10))) as server:
        async with on(library, twin, server, limits=Limits(max_bytes=1000)) as client:
            with pytest.raises(LimitExceeded):
                await client.stream("hi").result()
        async with on(library, twin, server, limits=Limits(max_events=5, max_concurrent=1)) as client:
            for _ in range(2):
                with pytest.raises(LimitExceeded):
                    await client.stream("hi").result()
        assert server.wait_until(lambda seen: seen.open == 0)


# -- closing ----------------------------------------------------------------------------------------------------------


async def test_closing_ours_ends_its_streams_and_leaves_theirs_open(twin: Twin, library: Any) -> None:
    with ScriptedServer(SILENT) as server:
        async with their_client(library, twin) as theirs:
            client = twin.Client("llamacpp:m", base_url=server.base_url, http_client=theirs)
            streams = [client.stream("hi", raise_errors=False) for _ in range(3)]
            for stream in streams:
                async for event in stream:
                    if event.is_delta:
                        break
            await client.aclose()
            assert server.wait_until(lambda seen: seen.open == 0)
            for stream in streams:
                [event] = await collect(stream)
                assert isinstance(event.error, ClosedError)
            assert not theirs.is_closed
            server.script = [GOOD]
            async with twin.Client("llamacpp:m", base_url=server.base_url, http_client=theirs) as another:
                assert (await another.stream("hi").result()).text == "x"


@pytest.mark.parametrize("what", ["stream", "client"])
@pytest.mark.parametrize("where", WAITS)
async def test_closing_wakes_whoever_waits(twin: Twin, library: Any, where: str, what: str) -> None:
    with ScriptedServer(WAITS[where]) as server:
        async with on(library, twin, server, retry=RetryPolicy(base_delay=60, jitter=False)) as client:
            stream = client.stream("hi", raise_errors=False)
            seen: list[Any] = []

            async def read() -> None:
                seen.extend([event async for event in stream])

            async def end() -> None:
                await twin.sleep(0.1)
                await (stream if what == "stream" else client).aclose()

            await twin.gather(read, end)
            assert isinstance(seen[-1].error, ClosedError)
            assert await collect(stream) == []
            assert server.wait_until(lambda found: found.open == 0 or where == "before another try")
            assert len(server.requests) == 1


async def test_theirs_is_closed_under_us(twin: Twin, library: Any) -> None:
    body = [head(200, CHUNKED), chunk(delta("x")), pause(0.2), chunk(delta("y")), until_closed]
    with ScriptedServer(body) as server:
        async with on(library, twin, server) as client:
            stream = client.stream("hi", raise_errors=False)
            events = [await anext(aiter(stream)) for _ in range(2)]
            await close(client._road._theirs._client)
            events += await collect(stream)
            assert isinstance(events[-1].error, ClosedError)
            assert str(events[-1].error) == "your http_client is closed"
            assert stream.response.text == "x"
            with pytest.raises(ClosedError, match="your http_client is closed"):
                await client.stream("hi").result()
            assert len(server.requests) == 1


async def test_theirs_is_closed_while_a_task_reads(async_twin: Twin, library: Any) -> None:
    with ScriptedServer(SILENT) as server:
        async with on(library, async_twin, server) as client:
            stream = client.stream("hi", raise_errors=False)
            seen: list[Any] = []

            async def read() -> None:
                seen.extend([event async for event in stream])

            async def end() -> None:
                await async_twin.sleep(0.1)
                await client._road._theirs._client.aclose()

            await async_twin.gather(read, end)
            assert isinstance(seen[-1].error, ClosedError)


@pytest.mark.parametrize("where", [*WAITS, "after the end marker"])
async def test_cancelling_leaves_their_pool_as_it_was(async_twin: Twin, library: Any, where: str) -> None:
    own = {"limits": library.Limits(max_connections=1)}
    script = WAITS.get(where, [head(200, CHUNKED), *map(chunk, answer("x")), until_closed])
    with ScriptedServer(script) as server:
        async with on(library, async_twin, server, own=own, timeouts=Timeouts(connect=1)) as client:
            for _ in range(3):
                with anyio.move_on_after(0.05) as scope:
                    await client.stream("hi").result()
                assert scope.cancelled_caught
            assert server.wait_until(lambda seen: seen.open == 0 or where == "before another try")
            server.script = [GOOD]
            assert (await client.stream("hi").result()).text == "x"


RUNS: dict[str, Any] = {"asyncio": asyncio.run, "trio": lambda coroutine: trio.run(lambda: coroutine)}


# What the caller's client leaves behind in the first loop.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(("first", "second"), [("asyncio", "asyncio"), ("asyncio", "trio"), ("trio", "asyncio")])
def test_another_event_loop_is_told(library: Any, first: str, second: str) -> None:
    """Its connections cannot be taken there."""
    with ScriptedServer(GOOD) as server:
        ask_in(library, server, first, second)
        gc.collect()


def ask_in(library: Any, server: ScriptedServer, first: str, second: str) -> None:
    client = duologue.AsyncClient("llamacpp:m", base_url=server.base_url, http_client=library.AsyncClient())

    async def ask() -> str:
        return (await client.stream("hi").result()).text

    assert RUNS[first](ask()) == "x"
    with pytest.raises(ConfigurationError, match="in another event loop: make one here") as caught:
        RUNS[second](ask())
    assert isinstance(caught.value.__cause__, RuntimeError)


# -- TLS --------------------------------------------------------------------------------------------------------------


async def test_its_own_authority(twin: Twin, library: Any) -> None:
    with ScriptedServer(GOOD, tls=server_context()) as server:
        async with on(library, twin, server, own={"verify": client_context()}) as client:
            for _ in range(3):
                assert (await client.stream("hi").result()).text == "x"
        assert server.connections == 1
        async with on(library, twin, server, own={"verify": client_context()}, timeouts=Timeouts(idle=0.2)) as client:
            server.script = [SILENT]
            with pytest.raises(StreamTimeout) as caught:
                await client.stream("hi").result()
            assert caught.value.phase == "idle"
        assert server.wait_until(lambda seen: seen.open == 0)


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        ({"host": "other.test"}, "mismatch"),
        ({"expired": True}, "expired"),
        ({"by": "somebody"}, "unable to get local issuer"),
    ],
)
async def test_certificates_that_it_does_not_trust(twin: Twin, library: Any, shown: dict[str, Any], words: str) -> None:
    with ScriptedServer(GOOD, tls=server_context(**shown)) as server:
        async with on(library, twin, server, own={"verify": client_context()}) as client:
            with pytest.raises(TLSError, match=words) as caught:
                await client.stream("hi").result()
            assert (caught.value.phase, caught.value.attempts) == ("tls", 1)
        assert server.requests == []


# -- transports that have no line -------------------------------------------------------------------------------------


def mocked(library: Any, *responses: Any) -> dict[str, Any]:
    """A client that gives these responses, or raises them."""
    given = iter(responses)

    def respond(request: Any) -> Any:
        found = next(given)
        if isinstance(found, Exception):
            raise found
        return found

    return {"transport": library.MockTransport(respond)}


async def test_a_mock_transport(twin: Twin, library: Any) -> None:
    sse = {"content-type": "text/event-stream", "x-request-id": "req_1"}
    body = b"".join(answer("x"))
    responses = [
        library.Response(200, headers=sse, content=body),
        library.Response(200, headers={**sse, "content-encoding": "gzip"}, content=gzip.compress(body)),
        library.Response(200, json={"choices": [{"message": {"content": "x"}, "finish_reason": "stop"}]}),
    ]
    async with on(library, twin, "http://localhost/v1", own=mocked(library, *responses)) as client:
        for _ in responses:
            stream = client.stream("hi")
            assert (await stream.result()).text == "x"
        assert stream.status_code == 200


async def test_a_mock_transport_that_fails(twin: Twin, library: Any) -> None:
    sse = {"content-type": "text/event-stream"}
    refused = {"error": {"message": "no", "code": "invalid_api_key"}}
    responses = [
        library.Response(401, json=refused, headers={"x-request-id": "req_1"}),
        library.Response(200, headers=sse, content=b"".join(answer("x")[:2])),
        library.ReadError("words"),
        library.ConnectTimeout("words"),
        library.UnsupportedProtocol("words"),
        library.TransportError("words"),
        library.StreamError("words"),
        ZeroDivisionError("words"),
    ]
    async with on(library, twin, "http://localhost/v1", own=mocked(library, *responses), retry=ONCE) as client:
        with pytest.raises(AuthenticationError) as caught:
            await client.stream("hi").result()
        assert (caught.value.code, caught.value.request_id) == ("invalid_api_key", "req_1")
        for kind in (
            StreamTruncated,
            duologue.ConnectionLost,
            StreamTimeout,
            ConfigurationError,
            TransportError,
            TransportError,
            ZeroDivisionError,  # the caller's own
        ):
            with pytest.raises(kind) as found:
                await client.stream("hi").result()
            assert type(found.value) is kind


async def test_a_server_in_the_same_program(twin: Twin, library: Any) -> None:
    pieces = answer("Hel", "lo")

    async def asgi(scope: Any, receive: Any, send: Any) -> None:
        start = {"status": 200, "headers": [(b"content-type", b"text/event-stream")]}
        await send({"type": "http.response.start", **start})
        for piece in pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    def wsgi(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [("Content-Type", "text/event-stream")])
        return iter(pieces)

    inner = library.WSGITransport(wsgi) if twin.name == "sync" else library.ASGITransport(asgi)
    async with on(
        library, twin, "http://localhost/v1", own={"transport": inner}, timeouts=Timeouts(total=20)
    ) as client:
        assert (await client.stream("hi").result()).text == "Hello"
        async with client.stream("hi") as stream:
            async for event in stream:
                if event.is_delta:
                    break
        del pieces[-1]
        with pytest.raises(StreamTruncated) as caught:
            await client.stream("hi").result()
        assert caught.value.partial is not None
        assert caught.value.partial.text == "Hello"


# -- hooks ------------------------------------------------------------------------------------------------------------


def hooks(twin: Twin, **on_event: Any) -> dict[str, Any]:
    """Event hooks as such a client takes them; `read` stands for a hook that reads the response."""

    def read(response: Any) -> Any:
        return response.read() if twin.name == "sync" else response.aread()

    async def read_or_call(hook: Any, what: Any) -> None:
        result = read(what) if hook == "read" else hook(what)
        if hasattr(result, "__await__"):
            await result

    def sync(hook: Any) -> Any:
        return read if hook == "read" else hook

    def later(hook: Any) -> Any:
        return lambda what: read_or_call(hook, what)

    make = sync if twin.name == "sync" else later
    return {"event_hooks": {name: [make(hook) for hook in found] for name, found in on_event.items()}}


async def test_hooks_see_what_comes_and_goes(twin: Twin, library: Any) -> None:
    seen: list[Any] = []
    own = hooks(
        twin,
        request=[lambda request: seen.append(request.url.path)],
        response=[lambda one: seen.append(one.status_code)],
    )
    with ScriptedServer(GOOD) as server:
        async with on(library, twin, server, own=own) as client:
            assert (await client.stream("hi").result()).text == "x"
    assert seen == ["/v1/chat/completions", 200]


@pytest.mark.parametrize("encoded", [False, True])
async def test_a_hook_may_read_the_answer(twin: Twin, library: Any, encoded: bool) -> None:
    body = b"".join(answer("x"))
    script = reply(gzip.compress(body), content_encoding="gzip") if encoded else reply(body)
    with ScriptedServer(script) as server:
        async with on(library, twin, server, own=hooks(twin, response=["read"])) as client:
            for _ in range(2):
                assert (await client.stream("hi").result()).text == "x"
        assert server.connections == 1


@pytest.mark.parametrize("before", [[], ["read"]], ids=["unread", "read"])
async def test_a_hook_may_raise_for_a_status(twin: Twin, library: Any, before: list[Any]) -> None:
    own = hooks(twin, response=[*before, lambda response: response.raise_for_status() and None])
    refused = reply(b'{"error": {"message": "no such key"}}', 401, "application/json", x_request_id="req_1")
    with ScriptedServer(refused, reply(b"", 503), GOOD) as server:
        async with on(library, twin, server, own=own) as client:
            with pytest.raises(AuthenticationError) as caught:
                await client.stream("hi").result()
            assert (caught.value.status_code, caught.value.request_id, caught.value.attempts) == (401, "req_1", 1)
            assert ("no such key" in str(caught.value)) is bool(before)
            assert (await client.stream("hi").result()).text == "x"  # tried again
        assert len(server.requests) == 3


async def test_a_hook_s_own_error_is_the_caller_s(twin: Twin, library: Any) -> None:
    def fail(_: object) -> None:
        raise ZeroDivisionError

    with ScriptedServer(GOOD) as server:
        for name in ("request", "response"):
            async with on(library, twin, server, own=hooks(twin, **{name: [fail]})) as client:
                with pytest.raises(ZeroDivisionError):
                    await client.stream("hi").result()
        assert server.wait_until(lambda seen: seen.open == 0)


async def test_a_hook_that_closes_the_answer(twin: Twin, library: Any) -> None:
    def end(response: Any) -> Any:
        return response.close() if twin.name == "sync" else response.aclose()

    with ScriptedServer(GOOD) as server:
        async with on(library, twin, server, own=hooks(twin, response=[end]), retry=ONCE) as client:
            with pytest.raises(StreamTruncated) as caught:
                await client.stream("hi").result()
            assert not isinstance(caught.value, StreamInterrupted)


class ClosedMeanwhile(httpx.SyncByteStream, httpx.AsyncByteStream, httpx2.SyncByteStream, httpx2.AsyncByteStream):
    """A body of which a piece comes just when somebody else closes its stream."""

    def __init__(self) -> None:
        self.stream: Any = None

    def __iter__(self) -> Iterator[bytes]:
        self.stream.close()
        yield delta("x")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        await self.stream.aclose()
        yield delta("x")


async def test_closing_just_when_something_comes(twin: Twin, library: Any) -> None:
    body = ClosedMeanwhile()
    response = library.Response(200, headers={"content-type": "text/event-stream"}, stream=body)
    async with on(library, twin, "http://localhost/v1", own=mocked(library, response)) as client:
        stream = client.stream("hi", raise_errors=False)
        body.stream = stream.stream if twin.name == "sync" else stream
        events = await collect(stream)
        assert [event.type for event in events] == ["start", "text_delta", "error"]
        assert isinstance(events[-1].error, ClosedError)
