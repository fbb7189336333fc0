"""How soon the next request may begin, by a made clock."""

from __future__ import annotations

import random
import threading

import pytest

from duologue._core.pace import Pace


def test_no_limit() -> None:
    pace = Pace(None)
    assert {pace.reserve(0.0) for _ in range(1000)} == {0.0}


def test_the_next_one_waits_until_the_minute_is_over() -> None:
    pace = Pace(2)
    assert [pace.reserve(0.0), pace.reserve(10.0), pace.reserve(20.0), pace.reserve(21.0)] == [0, 0, 40, 49]
    assert pace.reserve(200.0) == 0


@pytest.mark.parametrize("per_minute", [1, 3, 10])
@pytest.mark.parametrize("seed", range(5))
def test_no_minute_sees_more(per_minute: int, seed: int) -> None:
    draw, pace, now, starts = random.Random(seed), Pace(per_minute), 0.0, []
    for _ in range(200):
        now += draw.expovariate(0.2)
        starts.append(now + pace.reserve(now))
    assert starts == sorted(starts)
    for first, after in zip(starts, starts[per_minute:], strict=False):
        assert after - first >= 60 - 1e-9


def test_a_model_that_is_held() -> None:
    pace = Pace(None)
    assert pace.held("m", 0.0) == 0
    pace.hold("m", 30.0)
    assert [pace.held(model, now) for model, now in (("m", 10.0), ("m", 31.0), ("n", 10.0))] == [20, 0, 0]
    pace.hold("m", 12.0)
    assert pace.held("m", 10.0) == 2, "the latest word counts"


def test_a_delay_from_elsewhere_counts_into_the_minute() -> None:
    assert Pace(None).reserve(5.0, 7.0) == 7
    pace = Pace(2)
    assert [pace.reserve(0.0, 50.0), pace.reserve(50.0), pace.reserve(51.0)] == [50, 0, 59]
    assert pace.reserve(52.0, 100.0) == 100


def test_threads() -> None:
    pace, waits = Pace(50), []
    threads = [threading.Thread(target=lambda: waits.append(pace.reserve(0.0))) for _ in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(waits) == [0.0] * 50 + [60.0] * 50


def test_a_request_that_would_come_too_late_is_in_nobody_s_way() -> None:
    pace = Pace(1)
    assert [pace.reserve(0.0, 0.0, 5.0), pace.reserve(1.0, 0.0, 5.0), pace.reserve(2.0, 0.0, 58.0)] == [0, 59, 58]
    assert pace.reserve(10.0, 0.0, 55.0) == 50
    assert pace.reserve(11.0) == 109


def test_a_turn_that_is_given_back() -> None:
    pace = Pace(2)
    pace.give_back(0.0)
    assert [pace.reserve(0.0), pace.reserve(1.0), pace.reserve(2.0), pace.reserve(3.0)] == [0, 0, 58, 58]
    pace.give_back(61.0)
    assert [pace.reserve(4.0), pace.reserve(5.0)] == [57, 115], "and no minute sees more than two"
