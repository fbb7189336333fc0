"""JSON out of what a model said."""

from __future__ import annotations

import dataclasses
from typing import Any, TypedDict

import attrs
import pytest

from duologue import ChatResponse, Choice, Message, OutputValidationError, Usage, extract_json


@attrs.frozen
class City:
    name: str
    people: int = 0


@dataclasses.dataclass
class Plain:
    name: str


class Typed(TypedDict):
    name: str


PROSE = 'Sure! {not json} Here: ```json\n{"name": "Rome", "people": 3}\n``` and [1, 2].'


def response(text: str) -> ChatResponse:
    return ChatResponse("1", "m", "p", [Choice(0, Message.assistant(text), "stop")], Usage(), complete=True)


@pytest.mark.parametrize("source", [PROSE, Message.assistant(PROSE), response(PROSE)])
def test_amid_prose(source: Any) -> None:
    assert extract_json(source) == {"name": "Rome", "people": 3}
    assert extract_json(source, City) == City("Rome", 3)
    assert extract_json(source, list[int]) == [1, 2]
    assert extract_json(source, {"type": "array"}) == [1, 2]


def test_every_kind() -> None:
    text = '{"name": "Rome"}'
    assert extract_json(text, Plain) == Plain("Rome")
    assert extract_json(text, Typed) == {"name": "Rome"}
    assert extract_json(text, dict[str, str]) == {"name": "Rome"}
    assert extract_json("3", int) == 3
    assert extract_json(' "x" ') == "x"


def test_of_a_response() -> None:
    assert response(PROSE).json() == {"name": "Rome", "people": 3}
    assert response(PROSE).json(City).people == 3
    with pytest.raises(OutputValidationError) as caught:
        response("none").json()
    assert caught.value.reason == "no_json"
    assert caught.value.partial == response("none")


@pytest.mark.parametrize(
    ("text", "kind", "words", "path"),
    [
        ("none", City, "no JSON", ""),
        ('{"name": 3}', City, "name", "name"),
        ('{"a": [1, "x"]}', {"type": "object", "properties": {"a": {"items": {"type": "integer"}}}}, "a", "a[1]"),
        ("[" * 100 + "]" * 100, None, "nested", ""),
    ],
)
def test_nothing_that_fits(text: str, kind: Any, words: str, path: str) -> None:
    with pytest.raises(OutputValidationError, match=words) as caught:
        extract_json(text, kind)
    assert caught.value.path == path
    assert caught.value.text == text


@pytest.mark.parametrize("kind", [{"type": "objekt"}, object()])
def test_what_is_no_kind(kind: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        extract_json("{}", kind)
