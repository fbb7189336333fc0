"""Data held to schemas that were written by hand."""

from __future__ import annotations

from typing import Any

import pytest

from duologue._schema import Misfit, check, check_schema
from tests.kit.nested import nested

REF = {"$ref": "#/$defs/n", "$defs": {"n": {"type": "object", "properties": {"n": {"$ref": "#/$defs/n"}}}}}
ODD = {"$ref": "#/$defs/a~1b/anyOf/1", "$defs": {"a/b": {"anyOf": [{"type": "null"}, {"const": 1}]}}}

# A schema, what fits, what does not.
ROWS: list[tuple[Any, list[Any], list[Any]]] = [
    ({}, [1, None, {"a": []}], []),
    (True, [1], []),
    (False, [], [1]),
    ({"type": "string"}, ["a"], [1, None]),
    ({"type": "integer"}, [1, 1.0, -3], [1.5, True, "1"]),
    ({"type": "number"}, [1, 1.5], [True, "1"]),
    ({"type": "boolean"}, [True], [1, 0]),
    ({"type": "null"}, [None], [0, ""]),
    ({"type": "array"}, [[]], [{}, "a"]),
    ({"type": "object"}, [{}], [[], "a"]),
    ({"type": ["string", "null"]}, ["a", None], [1]),
    ({"enum": [1, "a", None, {"b": [1]}]}, [1, 1.0, "a", None, {"b": [1.0]}], [True, "b", {}]),
    ({"const": {"a": 1, "b": 2}}, [{"b": 2, "a": 1}], [{"a": 1}]),
    ({"const": False}, [False], [0, None]),
    ({"required": ["a"]}, [{"a": None}, 3], [{}]),
    ({"properties": {"a": {"type": "integer"}}}, [{"a": 1}, {"b": "x"}, "a"], [{"a": "1"}]),
    ({"properties": {"a": {}}, "additionalProperties": False}, [{"a": 1}, {}, 3], [{"b": 1}]),
    ({"additionalProperties": {"type": "integer"}}, [{"b": 1}], [{"b": "1"}]),
    ({"additionalProperties": False, "patternProperties": {"^x": {}}}, [{"x1": 1}, {"y": 1}], []),
    ({"propertyNames": {"maxLength": 2}}, [{"ab": 1}, 3], [{"abc": 1}]),
    ({"minProperties": 1, "maxProperties": 2}, [{"a": 1}, 3], [{}, {"a": 1, "b": 2, "c": 3}]),
    ({"items": {"type": "integer"}}, [[1, 2], "a"], [[1, "2"]]),
    ({"prefixItems": [{"type": "integer"}], "items": {"type": "string"}}, [[1, "a"], [], [1], 3], [["a"], [1, 2]]),
    ({"minItems": 1, "maxItems": 2}, [[1], 3], [[], [1, 2, 3]]),
    ({"uniqueItems": True}, [[1, 2, True], [[1], [2]], "aa"], [[1, 1.0], [{"a": 1}, {"a": 1}]]),
    ({"uniqueItems": False}, [[1, 1]], []),
    ({"minimum": 1, "maximum": 2}, [1, 2, "0", True], [0, 3]),
    ({"exclusiveMinimum": 1, "exclusiveMaximum": 2}, [1.5], [1, 2]),
    ({"multipleOf": 3}, [6, 0, "a"], [7, 1.5]),
    ({"multipleOf": 0.01}, [4.02, 1e300, 10**400], [4.025]),
    ({"minLength": 1, "maxLength": 2}, ["a", 3], ["", "abc"]),
    ({"pattern": "(a+)+$"}, ["b", "a" * 50_000 + "b"], []),
    ({"format": "date"}, ["no date"], []),
    ({"allOf": [{"minimum": 1}, {"maximum": 2}]}, [1], [0, 3]),
    ({"anyOf": [{"type": "string"}, {"minimum": 5}]}, ["a", 5, None], [4]),
    ({"anyOf": []}, [], [1]),
    ({"oneOf": [{"type": "integer"}, {"minimum": 5}]}, [1, 5.5], [5, 1.5]),
    ({"not": {"type": "string"}}, [1], ["a"]),
    (REF, [{}, {"n": {"n": {}}}], [{"n": {"n": 1}}]),
    (ODD, [1], [None]),
]


@pytest.mark.parametrize(("schema", "good", "bad"), ROWS, ids=lambda value: str(value)[:50])
def test_keywords(schema: Any, good: list[Any], bad: list[Any]) -> None:
    check_schema(schema)
    for value in good:
        check(value, schema)
    for value in bad:
        with pytest.raises(Misfit):
            check(value, schema)


@pytest.mark.parametrize(
    ("schema", "value", "words"),
    [
        ({"properties": {"a": {"items": {"type": "string"}}}}, {"a": ["x", 1]}, "a[1]: expected string, got int 1"),
        ({"type": ["string", "null"]}, 1, "expected string or null, got int 1"),
        ({"enum": ["a", "b"]}, "c", "expected one of 'a', 'b', got 'c'"),
        ({"maxItems": 1}, [1, 2], "expected a number of items of at most 1, got int 2"),
        (
            {"anyOf": [{"type": "null"}, {"properties": {"a": {"type": "null"}}}]},
            {"a": 1},
            "a: expected null, got int 1",
        ),
        ({"oneOf": [{}, {}]}, 1, "fits 2 of several forms, of which it must fit one"),
        ({"oneOf": [{"type": "null"}]}, 1, "expected null, got int 1"),
        ({"not": {}}, 1, "is what it must not be"),
        (False, 1, "nothing may be here"),
    ],
)
def test_words(schema: Any, value: Any, words: str) -> None:
    with pytest.raises(Misfit) as caught:
        check(value, schema)
    assert str(caught.value) == words


@pytest.mark.parametrize(
    ("schema", "error", "words"),
    [
        ({"$ref": "https://example.com/schema"}, ValueError, "place of the same schema"),
        ({"$ref": "other.json#/a"}, ValueError, "place of the same schema"),
        ({"$ref": 5}, ValueError, "place of the same schema"),
        ({"properties": {"a": {"$ref": "#/$defs/none"}}}, ValueError, "which is not there"),
        ({"$ref": "#/anyOf/7", "anyOf": [{}]}, ValueError, "which is not there"),
        ({"$ref": "#/anyOf/x", "anyOf": [{}]}, ValueError, "which is not there"),
        ({"type": "object", "items": {"anyOf": {"$ref": "http://x"}}}, TypeError, "expected a list of schemas"),
        ({"properties": [1]}, TypeError, "expected a mapping of schemas"),
        ({"items": 3}, TypeError, "a schema is a mapping"),
        ({"type": "str"}, ValueError, "type in a schema must be one or several of string, integer"),
        ({"type": []}, ValueError, "type in a schema must be"),
        ({"enum": "ab"}, ValueError, "enum in a schema must be a list"),
        ({"required": [1]}, ValueError, "required in a schema must be a list of strings"),
        ({"uniqueItems": 1}, ValueError, "uniqueItems in a schema must be true or false"),
        ({"multipleOf": 0}, ValueError, "multipleOf in a schema must be a number above 0"),
        ({"minimum": "1"}, ValueError, "minimum in a schema must be a number, got '1'"),
        ({"minLength": -1}, ValueError, "minLength in a schema must be a number, got int -1"),
        (nested(70, lambda inner: {"items": inner}, {}), ValueError, "nested more than 64 levels deep"),
    ],
)
def test_schemas_that_are_refused(schema: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        check_schema(schema)


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"anyOf": [{"$ref": "#"}, {"$ref": "#"}]},
        {"oneOf": [{"$ref": "#"}, {"$ref": "#"}]},
        {"not": {"$ref": "#"}},
        {"allOf": [{"anyOf": [{"type": "null"}, {"$ref": "#"}]}]},
        {"items": {"anyOf": [{"items": False}, {"$ref": "#"}]}, "allOf": [{"$ref": "#/items"}] * 9},
    ],
)
def test_a_schema_that_refers_to_itself_comes_to_an_end(schema: Any) -> None:
    check_schema(schema)
    deep = nested(60, lambda inner: [inner], 1)
    with pytest.raises(Misfit, match="too deep or asks for too much work"):
        check(deep, schema)


def test_deep_data() -> None:
    with pytest.raises(Misfit, match="nested more than 64 levels"):
        check(nested(100_000, lambda inner: [inner], 1), {})
