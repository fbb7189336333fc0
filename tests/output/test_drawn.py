"""Drawn classes, through the schema of each kind of provider: what it allows is taken, and means what was meant."""

from __future__ import annotations

import datetime
import enum
import random
from typing import Any, Literal

import attrs
import pytest

from duologue._output.rules import RULES, fitted, restored
from duologue._schema import check, check_schema, plain, schema_of, structure
from duologue.errors import UnsupportedError


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


SCALARS: dict[Any, Any] = {
    int: lambda draw: draw.randrange(-9, 10**6),
    float: lambda draw: draw.random() * 100,
    str: lambda draw: draw.choice(["", "a", "Grüße 🙂", '"}']),
    bool: lambda draw: draw.random() < 0.5,
    Literal["x", "y"]: lambda draw: draw.choice(["x", "y"]),
    Color: lambda draw: draw.choice(list(Color)),
    datetime.date: lambda draw: datetime.date(2026, draw.randrange(1, 13), 3),
    tuple[int, str]: lambda draw: (draw.randrange(9), "z"),
}


def a_type(draw: random.Random, depth: int) -> tuple[Any, Any]:
    """A type, and what makes a value of it."""
    kind = draw.randrange(10) if depth < 3 else 0
    if kind < 5:
        hint = draw.choice(list(SCALARS))
        return hint, SCALARS[hint]
    hint, make = a_class(draw, depth + 1)
    if kind == 5:
        return hint, make
    if kind == 6:
        return hint | None, lambda draw: None if draw.random() < 0.4 else make(draw)
    if kind == 7:
        return list[hint], lambda draw: [make(draw) for _ in range(draw.randrange(3))]  # type: ignore[valid-type]
    other, make_other = a_class(draw, depth + 1)
    if kind == 8:
        return hint | other, lambda draw: (make if draw.random() < 0.5 else make_other)(draw)
    return list[hint | None], lambda draw: [None, make(draw)]  # type: ignore[valid-type]


def a_factory(make: Any, seed: float) -> Any:
    return lambda: make(random.Random(seed))


_count = iter(range(10**9))


def a_class(draw: random.Random, depth: int = 0) -> tuple[Any, Any]:
    """A class whose fields are its own, some of them with defaults, and what makes an instance."""
    number = next(_count)
    fields: dict[str, Any] = {}
    makes, defaulted = {}, {}
    for place in range(draw.randrange(1, 5)):
        name = f"f{number}_{place}"
        hint, makes[name] = a_type(draw, depth)
        defaulted[name] = place > 0 and draw.random() < 0.6
        fields[name] = attrs.field(type=hint, kw_only=True)
        if defaulted[name]:
            fields[name] = attrs.field(type=hint, kw_only=True, factory=a_factory(makes[name], draw.random()))
    cls = attrs.make_class(f"C{number}", fields, frozen=True)

    def make(draw: random.Random) -> Any:
        left = {name for name, has_default in defaulted.items() if has_default and draw.random() < 0.4}
        return cls(**{name: make(draw) for name, make in makes.items() if name not in left})

    return cls, make


def form_of(data: Any, schema: Any) -> Any:
    """Of several forms, the one that the data are of; no two classes have a field of the same name."""
    names = data.keys() if isinstance(data, dict) else {"items"}
    forms = schema.get("anyOf", [schema])
    return next((form for form in forms if names <= (form.get("properties") or form).keys()), schema)


def as_sent(data: Any, schema: Any) -> Any:
    """The data with a null for each property that the sent schema wants and they lack."""
    schema = form_of(data, schema)
    if isinstance(data, list):
        return [as_sent(item, schema.get("items", {})) for item in data]
    if not isinstance(data, dict):
        return data
    whole = {name: as_sent(part, schema["properties"][name]) for name, part in data.items()}
    return {name: whole.get(name) for name in schema["required"]} | whole


@pytest.mark.parametrize("rules", RULES)
@pytest.mark.parametrize("seed", range(40))
def test_there_and_back(rules: Any, seed: int) -> None:
    draw = random.Random(seed)
    cls, make = a_class(draw)
    schema = schema_of(cls)
    sent = fitted(schema, RULES[rules])
    check_schema(sent)
    for _ in range(5):
        made = make(draw)
        data = plain(made)
        check(data, schema)
        answer = as_sent(data, sent)
        check(answer, sent)
        assert structure(restored(answer, schema, schema) if RULES[rules].strict else answer, cls) == made


@pytest.mark.parametrize("seed", range(40))
def test_a_null_stands_for_what_is_left_out(seed: int) -> None:
    """Everything that the model may leave out, it leaves out."""
    draw = random.Random(seed)
    cls, make = a_class(draw)
    schema = schema_of(cls)
    data = without_defaults(plain(make(draw)), schema)
    answer = as_sent(data, fitted(schema, RULES["strict"]))
    check(answer, fitted(schema, RULES["strict"]))
    found = restored(answer, schema, schema)
    check(found, schema)
    # Where null is a value of its own, it is taken for that.
    assert without_defaults(found, schema) == data


def without_defaults(data: Any, schema: Any) -> Any:
    schema = form_of(data, schema)
    if isinstance(data, list):
        return [without_defaults(item, schema.get("items", {})) for item in data]
    if not isinstance(data, dict):
        return data
    properties = schema["properties"]
    return {name: without_defaults(data[name], properties[name]) for name in schema["required"]}


def test_a_mapping_has_no_words_in_strict_rules() -> None:
    holder = attrs.make_class("Holder", {"tags": attrs.field(type=dict[str, int])})
    for rules in (RULES["strict"], RULES["closed"]):
        with pytest.raises(UnsupportedError):
            fitted(schema_of(holder), rules)
