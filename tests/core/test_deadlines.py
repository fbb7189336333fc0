"""How long to wait for what, by a made clock."""

from __future__ import annotations

import random
from math import inf
from typing import Any

import pytest

from duologue._core.deadlines import Deadlines, Opening, Timed, opening
from duologue.config import Timeouts
from duologue.errors import ClosedError

LIMITS: dict[str, Any] = {"connect": 10, "first_event": 300, "idle": 120, "progress": 600, "total": None}
NONE = dict.fromkeys(LIMITS)


def hands(start: float = 100.0, **limits: Any) -> Deadlines:
    return Deadlines(Timeouts(**{**LIMITS, **limits}), start)


# What has happened, in order, and then when waiting must end.
PHASES: list[tuple[str, dict[str, Any], list[tuple[str, float]], tuple[float, str] | None]] = [
    ("nothing yet", {}, [], (400, "first_event")),
    ("nothing yet, total sooner", {"total": 60}, [], (160, "total")),
    ("a retry begins anew", {}, [("request_begins", 150)], (450, "first_event")),
    ("but not its total", {"total": 60}, [("request_begins", 150)], (160, "total")),
    ("the head has come", {}, [("bytes_came", 110)], (230, "idle")),
    ("comments", {}, [("bytes_came", 110), ("bytes_came", 350)], (400, "first_event")),
    ("comments, and no time for the first event", {"first_event": None}, [("bytes_came", 110)], (230, "idle")),
    ("an event", {}, [("bytes_came", 110), ("event_came", 120)], (240, "idle")),
    ("comments after an event", {}, [("event_came", 120), ("bytes_came", 700)], (720, "progress")),
    ("another event", {}, [("event_came", 120), ("bytes_came", 700), ("event_came", 701)], (821, "idle")),
    ("no idle", {"idle": None}, [("bytes_came", 110), ("event_came", 120)], (720, "progress")),
    ("no idle, no first event", {"idle": None, "first_event": None}, [("bytes_came", 110)], (710, "progress")),
    ("a retry after events", {}, [("event_came", 120), ("request_begins", 200)], (500, "first_event")),
    ("no limit", NONE, [("bytes_came", 110), ("event_came", 120)], None),
    ("only a total", {**NONE, "total": 5}, [("event_came", 120)], (105, "total")),
    ("nothing left", {"total": 5}, [("event_came", 990)], (105, "total")),
]


@pytest.mark.parametrize(("limits", "happened", "end"), [case[1:] for case in PHASES], ids=[case[0] for case in PHASES])
def test_when_waiting_must_end(
    limits: dict[str, Any], happened: list[tuple[str, float]], end: tuple[float, str] | None
) -> None:
    found = hands(**limits)
    for what, when in happened:
        getattr(found, what)(when)
    assert found.next() == end
    assert found.phase() == (end[1] if end else "idle")


def test_a_clock_that_begins_at_zero() -> None:
    found = hands(0.0, idle=None, first_event=None)
    found.event_came(0.0)
    found.bytes_came(50.0)
    assert found.next() == (600, "progress")


@pytest.mark.parametrize(
    ("limits", "now", "connect", "head"),
    [
        ({}, 100, 10, 300),
        ({"total": 60}, 100, 10, 60),
        ({"total": 60}, 155, 0.001, 5),
        ({"connect": 58, "total": 60}, 155, 3, 5),
        ({"total": 60}, 160, 0.001, 0.001),
        ({"total": 60}, 999, 0.001, 0.001),
        ({"connect": None, "first_event": None}, 100, None, None),
        ({"connect": None, "first_event": None, "total": 60}, 130, 30, 30),
    ],
)
def test_before_the_head(limits: dict[str, Any], now: float, connect: float | None, head: float | None) -> None:
    assert (hands(**limits).connect(now), hands(**limits).head(now)) == (connect, head)


@pytest.mark.parametrize(
    ("limits", "seconds"),
    [({}, 120), ({"idle": None}, 600), ({"total": 7}, 7), (NONE, None), ({"idle": None, "progress": None}, None)],
)
def test_where_it_can_be_said_only_once(limits: dict[str, Any], seconds: float | None) -> None:
    assert hands(**limits).body() == seconds


@pytest.mark.parametrize(
    ("total", "delay", "allowed"),
    [(None, 1e9, True), (60, 29.9, True), (60, 30, False), (60, 31, False), (30, 0, True)],
)
def test_whether_there_is_time_to_wait(total: float | None, delay: float, allowed: bool) -> None:
    assert hands(total=total).allows(delay, 130.0) is allowed


def test_what_went_before_does_not_count() -> None:
    found = hands(total=60)
    found.restart(500.0)
    assert found.next() == (560, "total")
    found.request_begins(500.0)
    assert found.next() == (560, "total")


def test_timed() -> None:
    class Connection(Timed):
        pass

    assert Connection().deadline is None
    assert isinstance(Connection(), Timed)
    assert not isinstance(object(), Timed)


# -- on its way out ---------------------------------------------------------------------------------------------------

POST, CONNECT, SOCKS = b"POST / HTTP/1.1\r\n", b"CONNECT h:443 HTTP/1.1\r\n", b"\x05\x01\x00"


def way_out(**limits: Any) -> Opening:
    return Opening(Deadlines(Timeouts(**{"connect": 10, "first_event": 300, **limits}), 100.0))


def test_none_at_first() -> None:
    assert opening.get() is None
    way = way_out()
    assert (way.network, way.stage, way.reused) == (None, None, False)


def test_closed_before_the_connection_was_there() -> None:
    way, connection = way_out(), Timed()
    way.uses(connection)
    assert way.network is connection
    way.closed = ClosedError("closed")
    with pytest.raises(ClosedError):
        way.uses(Timed())
    assert way.network is not connection


@pytest.mark.parametrize(
    ("limits", "phase"),
    [
        ({}, "connect"),
        ({"total": 5}, "total"),
        ({"total": 15}, "connect"),
        ({"connect": None, "total": 15}, "total"),
        ({"connect": None}, "connect"),
    ],
)
def test_what_ends_connecting(limits: dict[str, Any], phase: str) -> None:
    assert hands(**limits).connect_phase() == phase


def test_a_request() -> None:
    way, network = way_out(), Timed()
    for data in (POST, b"body", b""):
        way.goes_out(network, data, 101.0)
    assert (way.network, way.stage, way.reused) == (network, "sent", False)
    assert (network.deadline, network.requests) == (400, 1)


def test_another_one_on_the_same_connection() -> None:
    network = Timed()
    for _ in range(2):
        way = way_out()
        way.goes_out(network, POST, 101.0)
    assert way.reused


@pytest.mark.parametrize("data", [CONNECT, SOCKS])
def test_to_a_proxy_and_through(data: bytes) -> None:
    way, near, far = way_out(), Timed(), Timed()
    for piece in (data, b"", b"\x01\x02me"):
        way.goes_out(near, piece, 101.0)
    assert (way.network, way.stage, way.reused) == (near, "proxy", False)
    assert (near.deadline, near.requests) == (110, 0)  # the time for connecting
    network = far if data is CONNECT else near
    way.goes_out(network, POST, 102.0)
    assert (way.network, way.stage, way.reused) == (network, "sent", False)
    assert network.deadline == 400


def test_a_proxy_that_has_all_the_time() -> None:
    way, network = way_out(connect=None), Timed()
    way.goes_out(network, CONNECT, 101.0)
    assert network.deadline == inf


def test_a_body_is_for_no_proxy() -> None:
    way, network = way_out(), Timed()
    way.goes_out(network, POST, 101.0)
    way.goes_out(network, SOCKS, 101.0)
    assert way.stage == "sent"


REQUEST, TUNNEL = type("R", (), {"method": b"POST"})(), type("R", (), {"method": b"CONNECT"})()
NEW, CRYPTED = object(), object()
# What httpx's `trace` tells in turn, and then the stage, the connection, and whether it is used again, shared, unsent.
TOLD: dict[str, tuple[list[tuple[str, dict[str, Any]]], tuple[Any, ...]]] = {
    "nothing": ([], (None, None, False, False, False)),
    "connecting": ([("connection.connect_tcp.started", {"host": "h"})], ("connect", None, False, False, False)),
    "connected": ([("connection.connect_tcp.complete", {"return_value": NEW})], (None, NEW, False, False, False)),
    "a socket": ([("connection.connect_unix_socket.started", {"path": "p"})], ("connect", None, False, False, False)),
    "to a proxy": ([("connection.connect_tcp.started", {"host": "p"})], ("proxy", None, False, False, False)),
    "asking it": (
        [
            ("connection.connect_tcp.started", {"host": "p"}),
            ("connection.connect_tcp.complete", {"return_value": NEW}),
            ("http11.send_request_headers.started", {"request": TUNNEL}),
            ("http11.send_request_body.complete", {"return_value": None}),
        ],
        ("proxy", NEW, False, False, False),
    ),
    "encrypting": (
        [
            ("connection.connect_tcp.complete", {"return_value": NEW}),
            ("proxy.start_tls.started", {"server_hostname": "h"}),
        ],
        ("tls", NEW, False, False, False),
    ),
    "sending": (
        [
            ("connection.connect_tcp.complete", {"return_value": NEW}),
            ("connection.start_tls.complete", {"return_value": CRYPTED}),
            ("http11.send_request_headers.started", {"request": REQUEST}),
        ],
        ("sent", CRYPTED, False, False, True),
    ),
    "sent": (
        [
            ("connection.connect_tcp.complete", {"return_value": NEW}),
            ("http11.send_request_headers.started", {"request": REQUEST}),
            ("http11.send_request_headers.complete", {"return_value": None}),
            ("http11.send_request_body.complete", {"return_value": None}),
        ],
        ("sent", NEW, False, False, False),
    ),
    "once more": ([("http11.send_request_headers.started", {"request": REQUEST})], ("sent", None, True, False, True)),
    "side by side": ([("http2.send_request_headers.started", {"request": REQUEST})], ("sent", None, True, True, True)),
    "a failure": ([("connection.connect_tcp.failed", {"exception": 1})], (None, None, False, False, False)),
    "a word": ([("retry", {})], (None, None, False, False, False)),
}


@pytest.mark.parametrize("case", TOLD)
def test_what_a_client_of_the_caller_s_tells(case: str) -> None:
    events, found = TOLD[case]
    way = way_out()
    for event, info in events:
        way.told(event, info, "h")
    assert (way.stage, way.network, way.reused, way.shared, way.unsent) == found


@pytest.mark.parametrize(
    ("stage", "limits", "left"),
    [
        ("connect", {}, 5),
        ("proxy", {}, 5),
        ("tls", {"connect": None}, None),
        ("sent", {}, 295),
        (None, {}, 295),
        ("sent", {"first_event": 1}, 0.001),
        ("sent", {"first_event": None, "progress": None}, None),
    ],
)
def test_what_is_left_for_a_stage(stage: str | None, limits: dict[str, Any], left: float | None) -> None:
    way = way_out(**limits)
    way.stage = stage
    assert way.left(105.0) == left


@pytest.mark.parametrize("seed", range(50))
def test_the_end_is_the_next_limit_s(seed: int) -> None:
    """The two are written apart, since one is asked at every read."""
    draw = random.Random(seed)
    names = ("connect", "first_event", "idle", "progress", "total")
    limits = {name: draw.choice([None, draw.uniform(0.1, 10)]) for name in names}
    deadlines = Deadlines(Timeouts(**limits), 0.0)
    for now in range(1, 10):
        draw.choice([deadlines.request_begins, deadlines.bytes_came, deadlines.event_came])(float(now))
        ahead = deadlines.next()
        assert deadlines.end() == (ahead[0] if ahead else inf)
