"""JSON within what a model says, whole and as it grows."""

from __future__ import annotations

import json
from typing import Any

import pytest

from duologue._output.text import TRIES, Growing, found_in

JSON = '{"a": [1, {"b": "}"}]}'
DATA = json.loads(JSON)
ROWS: dict[str, tuple[str, list[Any]]] = {
    "bare": (JSON, [DATA]),
    "with space around": (f"\n {JSON}\n\n", [DATA]),
    "a list": ("[1]", [[1]]),
    "a number": ("7", [7]),
    "in a fence": (f"```json\n{JSON}\n```", [DATA]),
    "in a fence without a name": (f"Sure:\n\n```\n{JSON}\n```\nAnything else?", [DATA]),
    "in prose": (f"Here it is: {JSON} I hope that helps.", [DATA]),
    "after braces that are none": (f"In {{curly}} braces [sic]: {JSON}", [DATA]),
    "several": ('{"a": 1} or {"a": 2}', [{"a": 1}, {"a": 2}]),
    "in a fence, after an example": ('Like {"a": 0}:\n```json\n{"a": 1}\n```', [{"a": 1}, {"a": 0}]),
    "after a reference": ('As in [1]: {"a": 1}', [[1], {"a": 1}]),
    "in a fence that is open": ('```json\n{"a": 1}', [{"a": 1}]),
    "cut": ('{"a": [1, 2', []),
    "cut, with a whole one in it": ('{"a": [1, 2], "b', [[1, 2]]),
    "none": ("I would rather not.", []),
    "nothing": ("", []),
    "not JSON": ("{'a': 1}", []),
    "too deep": ("[" * 100_000, []),
}


@pytest.mark.parametrize("label", ROWS)
def test_json_is_found(label: str) -> None:
    text, found = ROWS[label]
    assert list(found_in(text)) == found


def test_a_text_is_begun_to_be_read_a_few_times_only() -> None:
    assert list(found_in("{x" * (TRIES - 1) + JSON)) == [DATA]
    assert list(found_in("{x" * TRIES + JSON)) == []
    assert growing("{x" * (TRIES - 1) + JSON)[-1] == DATA
    assert DATA not in growing("{x" * TRIES + JSON)


def growing(text: str, size: int = 1) -> list[Any]:
    """The value after each piece that told more; None where none did."""
    reader = Growing()
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    return [None, *(reader.value for piece in pieces if reader.feed(piece))]


@pytest.mark.parametrize(
    "label", sorted(ROWS.keys() - {"a number", "after a reference", "in a fence, after an example"})
)
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_what_grows_is_what_is_found(label: str, size: int) -> None:
    text, found = ROWS[label]
    last = growing(text, size)[-1]
    assert last == found[0] if found and "cut" not in label else True
    assert label != "cut" or last == {"a": [1, 2]}


def test_it_grows() -> None:
    values = growing('Well: {"a": "xy"} Done.')
    assert values == [None, {}, {"a": ""}, {"a": "x"}, {"a": "xy"}]


def test_a_value_that_is_kept_stays_as_it_was() -> None:
    reader = Growing(lambda value: value.get("value"))
    kept = [(reader.feed(piece), reader.value) for piece in ('{"val', 'ue": [1', ", 2", "]}", "!")]
    assert kept == [(True, None), (True, [1]), (True, [1, 2]), (True, [1, 2]), (False, [1, 2])]


def test_a_piece_that_tells_nothing_of_the_value_is_passed_over() -> None:
    reader = Growing()
    pieces = [' {"', "key", '" : ', "12", "3", ".", "5", " ", ' , "b":n', "ull", "}", "}"]
    told = [(piece, reader.value) for piece in pieces if reader.feed(piece)]
    assert told == [
        (' {"', {}),
        ("12", {"key": 12}),
        ("3", {"key": 123}),
        (".", {}),
        ("5", {"key": 123.5}),
        (" ", {"key": 123.5}),
        ("ull", {"key": 123.5, "b": None}),
    ]
