"""Arguments that come as values with JSON paths."""

from __future__ import annotations

from typing import Any

import pytest

from duologue._dialects.gemini.arguments import Arguments
from duologue.errors import DecodeError


def put(*pieces: dict[str, Any]) -> Any:
    arguments = Arguments()
    for piece in pieces:
        arguments.put(piece)
    return arguments.value()


def string(path: str, text: str = "x", **more: Any) -> dict[str, Any]:
    return {"jsonPath": path, "stringValue": text, **more}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$.a", {"a": "x"}),
        ("$.a.b", {"a": {"b": "x"}}),
        ("$.ä-b c", {"ä-b c": "x"}),
        ("$['a.b']", {"a.b": "x"}),
        ("$['it\\'s']", {"it's": "x"}),
        ('$["a"].b', {"a": {"b": "x"}}),
        ('$["\\"]"]', {'"]': "x"}),
        ("$['']", {"": "x"}),
        ("$.a[0]", {"a": ["x"]}),
        ("$.a[0][0]", {"a": [["x"]]}),
        ("$.a[999999999]", {"a": ["x"]}),
    ],
)
def test_paths(path: str, value: Any) -> None:
    assert put(string(path)) == value


@pytest.mark.parametrize(
    "path",
    ["", "$", "a", ".a", "$a", "$.", "$..a", "$.a[", "$.a[-1]", "$.a[x]", "$.a[1234567890]", "$['a]", "$" + ".a" * 101],
)
def test_no_paths(path: str) -> None:
    with pytest.raises(DecodeError, match="is no path"):
        put(string(path))


def test_no_arguments() -> None:
    assert put() == {}


@pytest.mark.parametrize(
    ("piece", "value"),
    [
        ({"stringValue": ""}, ""),
        ({"numberValue": 1.5}, 1.5),
        ({"boolValue": False}, False),
        ({"nullValue": "NULL_VALUE"}, None),
        ({"nullValue": None}, None),
        ({"stringValue": None, "numberValue": 5, "boolValue": None, "nullValue": None}, 5),
        ({"structValue": {"b": [1]}}, {"b": [1]}),
    ],
)
def test_values(piece: dict[str, Any], value: Any) -> None:
    assert put({"jsonPath": "$.a", **piece}) == {"a": value}


def test_elements_stand_by_their_index() -> None:
    assert put(string("$.a[1].b", "2"), string("$.a[0].b", "1"), string("$.a[0].c", "3")) == {
        "a": [{"b": "1", "c": "3"}, {"b": "2"}]
    }


def test_a_string_goes_on_whether_it_says_so_or_not() -> None:
    assert put(string("$.a", "x", willContinue=True), string("$.b", "-"), string("$.a", "y")) == {"a": "xy", "b": "-"}
    assert put(string("$.a", "x"), string("$.a", "y")) == {"a": "xy"}
    assert put({"jsonPath": "$.a", "numberValue": 1}, string("$.a", "y")) == {"a": "y"}


@pytest.mark.parametrize(
    ("pieces", "words"),
    [
        ([{}], "is no path"),
        ([{"jsonPath": 5}], "jsonPath: expected a string"),
        ([{"jsonPath": "$.a", "stringValue": 5}], "stringValue: expected a string"),
        ([string("$.a"), string("$.a.b")], "leads through a value"),
        ([string("$.a.b"), string("$.a[0]")], "has names and indexes"),
    ],
)
def test_wrong_pieces(pieces: list[dict[str, Any]], words: str) -> None:
    with pytest.raises(DecodeError, match=words):
        put(*pieces)
