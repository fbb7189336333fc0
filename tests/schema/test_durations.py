"""Durations as text, and back."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from duologue._schema.durations import read_duration, written_duration

SAID = [
    ("PT0S", timedelta()),
    ("PT1M", timedelta(minutes=1)),
    ("P1D", timedelta(days=1)),
    ("P1DT2H30M", timedelta(days=1, hours=2, minutes=30)),
    ("PT1H0.5S", timedelta(hours=1, microseconds=500_000)),
    ("PT0.000001S", timedelta(microseconds=1)),
    ("-P1DT1S", timedelta(days=-1, seconds=-1)),
    ("P999999999DT23H59M59.999999S", timedelta.max),
    ("-P999999999D", timedelta.min),
]


@pytest.mark.parametrize(("text", "duration"), SAID)
def test_both_ways(text: str, duration: timedelta) -> None:
    assert read_duration(text) == duration
    assert written_duration(duration) == text


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("P2W", timedelta(weeks=2)),
        ("P1W1D", timedelta(days=8)),
        ("+PT1S", timedelta(seconds=1)),
        ("PT90M", timedelta(hours=1, minutes=30)),
        ("PT1.5H", timedelta(minutes=90)),
        ("PT1,5S", timedelta(seconds=1, milliseconds=500)),
        ("P0.5D", timedelta(hours=12)),
        ("PT0.00000149S", timedelta(microseconds=1)),
        ("PT007S", timedelta(seconds=7)),
    ],
)
def test_what_else_is_read(text: str, duration: timedelta) -> None:
    assert read_duration(text) == duration


@pytest.mark.parametrize(
    "text",
    [
        *["", "P", "PT", "P1DT", "P1", "1D", "P1Y", "P1M", "PT1D", "P1H", "PT1S1M", "p1d", "PT-1S", "PT.5S", "PT1.S"],
        *[" P1D", "P1D\n", "PT\u0661S", "01:30:00", "90", f"PT{'9' * 21}S", f"P{'9' * 99999}D"],
    ],
)
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="it is no duration"):
        read_duration(text)


@pytest.mark.parametrize("text", ["P1000000000D", f"-PT{'9' * 20}S", f"P{'9' * 20}W"])
def test_what_is_longer_than_can_be(text: str) -> None:
    with pytest.raises(ValueError, match="it is too long"):
        read_duration(text)


def test_any_duration_is_itself_again() -> None:
    draw = random.Random(5)
    for digits in range(1, 20):
        for _ in range(50):
            duration = timedelta(microseconds=draw.choice([1, -1]) * draw.randrange(10**digits))
            assert read_duration(written_duration(duration)) == duration
