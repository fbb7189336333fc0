"""What a response's headers say of the provider's rate limits, in each provider's spelling."""

from __future__ import annotations

import json

import pytest

from duologue._core.rate_limits import refusal_ends, until_reset
from tests.kit.recordings import SHARED, needs_shared

NOW = 1_696_004_797.0  # Fri, 29 Sep 2023 16:26:37 GMT
DATE = "Fri, 29 Sep 2023 16:26:37 GMT"


def openai(requests: str, after: str, tokens: str = "149984", tokens_after: str = "6m0s") -> dict[str, str]:
    return {
        "x-ratelimit-limit-requests": "60",
        "x-ratelimit-limit-tokens": "150000",
        "x-ratelimit-remaining-requests": requests,
        "x-ratelimit-remaining-tokens": tokens,
        "x-ratelimit-reset-requests": after,
        "x-ratelimit-reset-tokens": tokens_after,
    }


ANTHROPIC = {
    "anthropic-ratelimit-requests-limit": "50",
    "anthropic-ratelimit-requests-remaining": "49",
    "anthropic-ratelimit-requests-reset": "2023-09-29T16:26:38Z",
    "anthropic-ratelimit-tokens-limit": "40000",
    "anthropic-ratelimit-tokens-remaining": "0",
    "anthropic-ratelimit-tokens-reset": "2023-09-29T16:27:07Z",
}

# The headers, and the seconds until there is something left again.
USED_UP: dict[str, tuple[dict[str, str], float]] = {
    "OpenAI, requests": (openai("0", "1s"), 1),
    "OpenAI, tokens": (openai("59", "1s", "0", "6m0s"), 360),
    "OpenAI, both": (openai("0", "17.28s", "0", "120ms"), 17.28),
    "Groq, tokens": (openai("14370", "2m59.56s", "0", "7.66s"), 7.66),
    "Groq, requests of a day": (openai("0", "23h59m2.5s"), 86342.5),
    "Azure, in milliseconds": ({**openai("0", "500"), "x-ratelimit-renewalperiod-requests": "60"}, 0.5),
    "Anthropic": (ANTHROPIC, 30),
    "Anthropic, output": (
        {
            "anthropic-ratelimit-output-tokens-remaining": "0",
            "anthropic-ratelimit-output-tokens-reset": "2023-09-29T18:26:47+02:00",
        },
        10,
    ),
    "Cerebras": (
        {
            "x-ratelimit-remaining-requests-day": "14000",
            "x-ratelimit-reset-requests-day": "33011.382867",
            "x-ratelimit-remaining-tokens-minute": "0",
            "x-ratelimit-reset-tokens-minute": "11.38",
        },
        11.38,
    ),
    "Mistral": ({"ratelimitbysize-remaining": "0", "ratelimitbysize-reset": "28"}, 28),
    "Together": ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "2", "x-tokenlimit-remaining": "9"}, 2),
    "Together, tokens": ({"x-ratelimit-remaining": "9", "x-tokenlimit-remaining": "0", "x-tokenlimit-reset": "3"}, 3),
    "OpenRouter": ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1696004809000"}, 12),
    "seconds since 1970": ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1696004809"}, 12),
    "the draft of a standard": ({"ratelimit-remaining": "0", "ratelimit-reset": "50"}, 50),
    "a date without a zone": ({"ratelimit-remaining": "0", "ratelimit-reset": "2023-09-29T16:26:39"}, 2),
    "less than one": ({"ratelimit-remaining": "0.9", "ratelimit-reset": "50"}, 50),
}


@pytest.mark.parametrize("case", USED_UP)
def test_used_up(case: str) -> None:
    headers, seconds = USED_UP[case]
    assert until_reset(headers, NOW) == pytest.approx(seconds)
    assert refusal_ends(headers, NOW) == pytest.approx(seconds)
    # Nothing of ours is asked for the time.
    assert until_reset({**headers, "date": DATE}) == pytest.approx(seconds)
    assert refusal_ends({**headers, "date": DATE}) == pytest.approx(seconds)


NOTHING_TO_WAIT_FOR: dict[str, tuple[dict[str, str], float | None]] = {
    "no word of limits": ({"content-type": "text/plain", "x-request-id": "remaining", "x-reset": "5"}, None),
    "something remains": (openai("1", "1s"), 0),
    "more remains than the limit is": ({"x-ratelimit-limit": "100", "x-ratelimit-remaining": "199"}, 0),
    "unlimited, says Azure": ({"x-ratelimit-remaining-tokens": "-1", "x-ratelimit-reset-tokens": "0"}, None),
    "it is back already": (openai("0", "0s"), 0),
    "the date is over": ({"ratelimit-remaining": "0", "ratelimit-reset": "2023-09-29T16:26:30Z"}, 0),
    "nobody says when": ({"x-ratelimit-remaining-req-minute": "0"}, 0),
    "words": (openai("0", "soon"), 0),
    "a remainder in words": ({"ratelimit-remaining": "none", "ratelimit-reset": "5"}, None),
    **{
        f"{text!r}": ({"ratelimit-remaining": "0", "ratelimit-reset": text}, 0)
        for text in (
            "",
            "-5",
            "+5",
            "1e3",
            "nan",
            "inf",
            "-1s",
            "5 s",
            "s",
            "1..5s",
            "٣s",
            "1" * 40,
            "1" * 40 + "s",
            "5w",
        )
    },
    "dates that are none": ({"ratelimit-remaining": "0", "ratelimit-reset": "2023-13-29T16:26:30Z"}, 0),
}


@pytest.mark.parametrize("case", NOTHING_TO_WAIT_FOR)
def test_nothing_to_wait_for(case: str) -> None:
    headers, seconds = NOTHING_TO_WAIT_FOR[case]
    assert until_reset(headers, NOW) == seconds


def test_without_a_clock_a_date_says_nothing() -> None:
    assert until_reset(ANTHROPIC) == 0
    assert refusal_ends(ANTHROPIC) is None
    assert until_reset({**ANTHROPIC, "date": "today"}) == 0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        # https://github.com/openai/openai-python/issues/937
        ({"x-rate-limit-reset-tokens": "55", "x-ratelimit-remaining-requests": "239"}, 55),
        ({**openai("59", "1s"), "x-rate-limit-reset-tokens": "7"}, 7),
        (openai("59", "1s"), None),
        (openai("59", "1s", "0", "0s"), None),
        ({"x-ratelimit-reset-requests": "1s", "x-ratelimit-reset-tokens": "2s"}, 2),
    ],
)
def test_a_refusal(headers: dict[str, str], seconds: float | None) -> None:
    assert refusal_ends(headers, NOW) == seconds


@pytest.mark.parametrize("year", ["0001", "9999"])
@pytest.mark.parametrize("zone", ["-23:59", "+23:59", "Z"])
def test_the_ends_of_time(year: str, zone: str) -> None:
    found = until_reset({"ratelimit-remaining": "0", "ratelimit-reset": f"{year}-01-01T00:00:00{zone}"}, NOW)
    assert found is not None
    assert (found > 0) is (year == "9999")


@needs_shared
def test_no_recorded_answer_would_have_been_waited_for() -> None:
    """None of them was the last one that its limits allowed, and every spelling in them is known."""
    found: dict[float | None, int] = {}
    for path in sorted((SHARED / "recordings").glob("*/*.json")):
        about = json.loads(path.read_text())
        if "response_headers" not in about:
            continue
        headers = {name.lower(): value for name, value in about["response_headers"].items()}
        said = until_reset(headers)
        found[said] = found.get(said, 0) + 1
        assert (said is not None) is any("limit" in name and "remaining" in name for name in headers), path.name
    assert found.keys() == {None, 0.0}
    assert found[0.0] > 50
