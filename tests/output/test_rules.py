"""Schemas as providers take them, and data as the schemas have them."""

from __future__ import annotations

import copy
from typing import Any, Literal

import attrs
import pytest

from duologue import UnsupportedError
from duologue._output.rules import RULES, Rules, fitted, restored
from duologue._schema import check_schema, schema_of, structure
from duologue._tables import PROVIDERS

STRING = {"type": "string"}
NUMBER = {"type": "number"}
NULL = {"type": "null"}


def an_object(closed: bool = True, required: tuple[str, ...] = ("a",), **properties: Any) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object", "properties": properties, "required": list(required)}
    return {**schema, "additionalProperties": False} if closed else schema


# rules: the schema of `a`, and what becomes of it
PARTS: list[tuple[str, Any, Any]] = [
    ("any", {"type": "string", "minLength": 3, "format": "x"}, {"type": "string", "minLength": 3, "format": "x"}),
    ("strict", {"type": "string", "minLength": 3}, {"type": "string", "description": "(minLength 3)"}),
    (
        "strict",
        {"type": "string", "description": "A name.", "maxLength": 9, "default": "x"},
        {"type": "string", "description": 'A name. (default "x", maxLength 9)'},
    ),
    ("strict", {"type": "number", "minimum": 0, "maximum": 5}, {"type": "number", "minimum": 0, "maximum": 5}),
    ("strict", {"type": "string", "pattern": "^a"}, {"type": "string", "pattern": "^a"}),
    ("strict", {"type": "string", "format": "date"}, {"type": "string", "format": "date"}),
    ("strict", {"type": "string", "format": "uri"}, {"type": "string", "description": '(format "uri")'}),
    ("strict", {"const": 1}, {"const": 1}),
    ("strict", {"oneOf": [STRING, NUMBER]}, {"anyOf": [STRING, NUMBER]}),
    ("strict", {"type": "string", "not": {"const": ""}}, {"type": "string", "description": '(not {"const": ""})'}),
    ("strict", {"$ref": "#/$defs/X", "description": "It."}, {"$ref": "#/$defs/X"}),
    (
        "strict",
        {"type": "array", "prefixItems": [STRING, NUMBER], "minItems": 2, "maxItems": 2},
        {"type": "array", "items": {"anyOf": [STRING, NUMBER]}, "minItems": 2, "maxItems": 2},
    ),
    ("strict", {"type": "array", "prefixItems": [STRING, STRING]}, {"type": "array", "items": STRING}),
    ("strict", an_object(closed=False, a=STRING), an_object(a=STRING)),
    (
        "strict",
        an_object(required=(), a=STRING, b={"anyOf": [STRING, NUMBER]}, c={"type": ["string", "null"]}),
        an_object(
            required=("a", "b", "c"),
            a={"anyOf": [STRING, NULL]},
            b={"anyOf": [STRING, NUMBER, NULL]},
            c={"type": ["string", "null"]},
        ),
    ),
    (
        "strict",
        an_object(required=(), a={"type": "string", "description": "It."}, b={"anyOf": [STRING, NULL]}, c=NULL),
        an_object(
            required=("a", "b", "c"),
            a={"description": "It.", "anyOf": [STRING, NULL]},
            b={"anyOf": [STRING, NULL]},
            c=NULL,
        ),
    ),
    ("strict", {"type": "object", "properties": {}, "additionalProperties": False}, an_object(required=())),
    ("closed", an_object(required=(), a=STRING), an_object(required=(), a=STRING)),
    (
        "closed",
        {"type": "number", "minimum": 0, "default": 1},
        {"type": "number", "description": "(minimum 0)", "default": 1},
    ),
    ("closed", {"allOf": [STRING]}, {"allOf": [STRING]}),
    ("closed", {}, {}),
    ("composed", {"const": 1}, {"enum": [1]}),
    (
        "composed",
        {"type": "object", "additionalProperties": NUMBER},
        {"type": "object", "additionalProperties": NUMBER},
    ),
    ("composed", {"type": "array", "prefixItems": [STRING]}, {"type": "array", "prefixItems": [STRING]}),
    ("composed", {"type": "integer", "minimum": 1}, {"type": "integer", "minimum": 1}),
    ("plain", {"type": "integer", "minimum": 1}, {"type": "integer", "description": "(minimum 1)"}),
    ("plain", True, True),
]


@pytest.mark.parametrize(("rules", "given", "taken"), PARTS)
def test_a_part_of_a_schema(rules: Any, given: Any, taken: Any) -> None:
    definitions = {"X": STRING}
    schema = {**an_object(a=given), "$defs": definitions}
    before = copy.deepcopy(schema)
    assert fitted(schema, RULES[rules]) == {**an_object(a=taken), "$defs": definitions}
    assert schema == before


NODE = {
    "type": "object",
    "properties": {"next": {"anyOf": [{"$ref": "#/$defs/N"}, NULL]}},
    "required": ["next"],
    "additionalProperties": False,
}
CIRCLE = {"A": {"items": {"$ref": "#/$defs/B"}}, "B": {"items": {"$ref": "#/$defs/A"}}}
REFUSED: list[tuple[str, Any, str]] = [
    ("strict", an_object(a={}), "just anything"),
    ("strict", {**an_object(a=True), "required": []}, "just anything"),
    ("strict", an_object(a={"anyOf": [NUMBER, False]}), "just anything"),
    ("strict", an_object(a={"type": "array", "items": True}), "just anything"),
    ("strict", an_object(a={"type": "object", "additionalProperties": NUMBER}), "any properties"),
    ("strict", an_object(a={"type": "object"}), "any properties"),
    ("closed", an_object(a={"type": "object"}), "any properties"),
    ("closed", {**NODE, "$defs": {"N": NODE}}, "holds itself"),
    ("closed", {**an_object(a={"$ref": "#/$defs/A"}), "$defs": CIRCLE}, "holds itself"),
    ("closed", an_object(a={"$ref": "#"}), "holds itself"),
]


@pytest.mark.parametrize(("rules", "schema", "message"), REFUSED)
def test_what_a_provider_has_no_words_for(rules: Any, schema: Any, message: str) -> None:
    with pytest.raises(UnsupportedError, match=message):
        fitted(schema, RULES[rules])


def test_a_schema_may_hold_itself_where_the_provider_takes_that() -> None:
    schema = {**NODE, "$defs": {"N": NODE}}
    assert fitted(schema, RULES["strict"]) == schema
    assert fitted({**NODE, "$defs": {"N": STRING}, "properties": {"next": {"$ref": "#/$defs/N"}}}, RULES["closed"])


@pytest.mark.parametrize("name", RULES)
def test_every_row_says_something_of_its_own(name: Any) -> None:
    assert [other for other, rules in RULES.items() if rules == RULES[name]] == [name]
    assert (RULES[name] == Rules()) is (name == "any")
    assert any(provider.schema_rules == name for provider in PROVIDERS.values())


# -- what came of it ---------------------------------------------------------------------------------------------------


@attrs.frozen
class Leg:
    to: str
    km: float = 1.5
    kind: Literal["leg"] = "leg"


@attrs.frozen
class Stay:
    nights: int
    place: str | None = None
    kind: Literal["stay"] = "stay"


@attrs.frozen
class Trip:
    parts: list[Leg | Stay]
    name: str | None = None
    first: Leg | None = None
    pair: tuple[int, str] = (1, "x")
    tags: dict[str, int] = attrs.field(factory=dict)
    then: Trip | None = None


ROWS: list[tuple[Any, Any]] = [
    ({"parts": []}, Trip([])),
    ({"parts": [], "name": None, "first": None, "pair": None, "then": None}, Trip([])),
    (
        {"parts": [{"to": "A", "km": None, "kind": "leg"}, {"nights": 2, "place": None, "kind": None}]},
        Trip([Leg("A"), Stay(2)]),
    ),
    ({"parts": [], "first": {"to": "A", "km": 2, "kind": None}}, Trip([], first=Leg("A", 2))),
    ({"parts": [], "then": {"parts": [], "pair": None}, "pair": [2, "y"]}, Trip([], then=Trip([]), pair=(2, "y"))),
    ({"parts": [], "tags": {"a": 1}}, Trip([], tags={"a": 1})),
]


@pytest.mark.parametrize(("data", "made"), ROWS)
def test_what_may_be_left_out_may_be_null(data: Any, made: Any) -> None:
    schema = schema_of(Trip)
    assert structure(restored(data, schema, schema), Trip) == made


def test_references_that_lead_in_a_circle_say_nothing() -> None:
    circle = {"anyOf": [{"$ref": "#/$defs/A"}, {"$ref": "#"}], "$defs": {"A": {"anyOf": [{"$ref": "#"}]}}}
    assert restored({"a": None}, circle, circle) == {"a": None}


def test_references_lead_to_any_place() -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"$ref": "#/$defs/x~1y%20z/anyOf/0"}},
        "$defs": {"x/y z": {"anyOf": [an_object(required=(), a=STRING)]}},
    }
    check_schema(schema)
    assert restored({"a": {"a": None}}, schema, schema) == {"a": {}}


LEFT: list[tuple[Any, Any]] = [
    ({"a": {"b": None}}, {}),
    ({"a": None, "b": 1}, an_object(a=STRING)),
    ({"a": None}, an_object(a=STRING)),
    ([1, None], {"type": "array", "items": NUMBER}),
    ("text", STRING),
    ({"b": None}, {"anyOf": [STRING, an_object()]}),
    ({"a": 1}, {"anyOf": [an_object(a={"const": 2}), STRING]}),
    ({"a": None}, {"$ref": "#/$defs/X"}),
    ({"x": None}, True),
    (True, {"anyOf": [{"type": ["boolean", "null"]}, NUMBER]}),
]


@pytest.mark.parametrize(("data", "schema"), LEFT)
def test_what_says_nothing_stays(data: Any, schema: Any) -> None:
    """A schema whose references lead in a circle says nothing, either."""
    assert restored(data, schema, {"$defs": {"X": {"$ref": "#/$defs/X"}}}) == data
