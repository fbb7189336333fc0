"""No regular expression takes long over what comes from the network, whatever comes.

Each is tried with texts that repeat a few characters, where an expression that goes back would take 16 times as long
for four times as much. Time is that of this thread alone.
"""

from __future__ import annotations

import importlib
import itertools
import pkgutil
import re
import time
from typing import TYPE_CHECKING, Any

import pytest

import duologue

if TYPE_CHECKING:
    from collections.abc import Callable

# How each is used, by its module and name. All that meet a provider's bytes are here.
NETWORK: dict[str, Callable[[Any, Any], object]] = {
    "duologue._core.exchange._CONTROL": lambda pattern, text: pattern.sub("?", text),
    "duologue._core.fetching._HOST": re.Pattern.fullmatch,
    "duologue._core.headers._NUMBER": re.Pattern.fullmatch,
    "duologue._core.rate_limits._DURATION": re.Pattern.fullmatch,
    "duologue._core.rate_limits._NUMBER": re.Pattern.fullmatch,
    "duologue._core.rate_limits._PART": re.Pattern.findall,
    "duologue._dialects.api_errors._DELAY": re.Pattern.fullmatch,
    "duologue._dialects.gemini.arguments._ESCAPE": lambda pattern, text: pattern.sub(r"\1", text),
    "duologue._dialects.gemini.arguments._STEP": re.Pattern.match,
    "duologue._dialects.openai_responses.errors._DELAY": re.Pattern.search,
    "duologue._frames.array._BARE": re.Pattern.search,
    "duologue._frames.array._BETWEEN": re.Pattern.search,
    "duologue._frames.array._IN_STRING": re.Pattern.search,
    "duologue._frames.array._NESTED": re.Pattern.search,
    "duologue._frames.http1._FIELD": re.Pattern.fullmatch,
    "duologue._frames.http1._SIZE": re.Pattern.fullmatch,
    "duologue._frames.http1_head._END": re.Pattern.search,
    "duologue._frames.http1_head._FIELD": re.Pattern.fullmatch,
    "duologue._frames.http1_head._FOLDED": lambda pattern, text: pattern.sub(b" ", text),
    "duologue._frames.http1_head._LENGTH": re.Pattern.fullmatch,
    "duologue._frames.http1_head._STATUS": re.Pattern.fullmatch,
    "duologue._schema.durations._DURATION": re.Pattern.fullmatch,
    "duologue._json._SURROGATE": lambda pattern, text: pattern.sub("?", text),
}
# Those that see what the caller, the environment and our own tables say. Each is short, or held to a length.
OURS = {
    "duologue._core.aws._HOST_REGION",
    "duologue._core.aws._KEY_ID",
    "duologue._core.aws._REGION",
    "duologue._core.network._PLAIN",
    "duologue._core.registry._NAME",
    "duologue._core.registry._PATH",
    "duologue._core.registry._URL",
    "duologue._dialects.anthropic_messages.encode._BUDGETED",
    "duologue._dialects.bedrock_converse.media._NOT_IN_NAMES",
    "duologue._frames.http1_head._NAME",
    "duologue._frames.http1_head._TARGET",
    "duologue._frames.http1_head._VALUE",
    "duologue.config._HEADER_NAME",
    "duologue.config._HEADER_VALUE",
}
_PIECES = [
    *map("".join, itertools.permutations("0a.\"'\\[]{s", 1)),
    *map("".join, itertools.permutations("0a.\"'\\[]{s", 2)),
    *("['\\'", '["\\"', "try again in ", "try again in 1", "0.0ms", "1d1h", "\ud800", "\x00", " \n"),
]
_SHORT, _LONG = 1 << 14, 1 << 16


def patterns() -> dict[str, re.Pattern[Any]]:
    """All expressions of the package, by name."""
    found = {}
    for info in pkgutil.walk_packages(duologue.__path__, "duologue."):
        if not info.name.endswith("__main__"):
            names = vars(importlib.import_module(info.name))
            found.update(
                {f"{info.name}.{name}": value for name, value in names.items() if isinstance(value, re.Pattern)}
            )
    return found


def test_every_expression_is_known() -> None:
    assert patterns().keys() == NETWORK.keys() | OURS


def seconds(use: Callable[[Any, Any], object], pattern: re.Pattern[Any], text: Any) -> float:
    """The least of three."""
    taken = []
    for _ in range(3):
        began = time.thread_time()
        use(pattern, text)
        taken.append(time.thread_time() - began)
    return min(taken)


@pytest.mark.parametrize("name", NETWORK)
def test_the_time_grows_with_the_length(name: str) -> None:
    pattern, use = patterns()[name], NETWORK[name]
    for piece, end in itertools.product(_PIECES, ("", "!")):
        texts = (text_for(pattern, piece, size, end) for size in (_SHORT, _LONG))
        short, long = (seconds(use, pattern, text) for text in texts)
        assert long < 8 * short + 0.05, repr(piece)


def text_for(pattern: re.Pattern[Any], piece: str, size: int, end: str) -> Any:
    """The piece again and again, and then an end that does not fit."""
    text = (piece * (size // len(piece)))[:size] + end
    return text.encode("utf-8", "replace") if isinstance(pattern.pattern, bytes) else text


def test_one_that_goes_back_is_found() -> None:
    pattern = re.compile(r"(0|00)*s")
    short, long = (seconds(re.Pattern.fullmatch, pattern, "0" * size) for size in (8, 24))
    assert long > 9 * short
