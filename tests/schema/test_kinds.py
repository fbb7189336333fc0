"""Types as JSON Schema, and data made into instances of them."""

from __future__ import annotations

import collections.abc
import dataclasses
import enum
import typing
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath
from typing import (
    Annotated,
    Any,
    ClassVar,
    Generic,
    Literal,
    NamedTuple,
    NewType,
    NotRequired,
    Required,
    TypedDict,
    TypeVar,
)
from uuid import UUID

import attrs
import pytest

from duologue._schema import Misfit, plain, schema_of, structure
from tests.kit.nested import nested

T = TypeVar("T")
Word = TypeVar("Word", str, int)
UserId = NewType("UserId", int)


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Opaque(enum.Enum):
    ONE = (1, 2)
    TWO = None


@attrs.frozen
class Place:
    """A place on a map.

    Attributes:
        x: how far right
        y: how far up
    """

    x: float
    y: float = 0
    tags: list[str] = attrs.Factory(list)
    hidden: int = attrs.field(default=3, init=False)


@attrs.frozen
class Private:
    _secret: str = attrs.field(metadata={"description": "not shown"})
    size: int = attrs.field(default=1, validator=attrs.validators.gt(0))


@dataclasses.dataclass
class Order:
    item: str
    colour: Colour = Colour.RED
    place: Place | None = None
    notes: list[str] = dataclasses.field(default_factory=list, metadata={"description": "what else to know"})
    late: int = None  # type: ignore[assignment]  # as people write it
    done: bool = dataclasses.field(default=False, init=False)


class Options(TypedDict, total=False):
    """What to look at."""

    depth: Required[int]
    name: Annotated[str, "the name"]


class Strict(TypedDict):
    depth: int
    name: NotRequired[str]


class Pair(NamedTuple):
    left: int
    right: str = "r"


@dataclasses.dataclass
class Node:
    """A node."""

    name: str
    children: list[Node] = dataclasses.field(default_factory=list)
    next: Node | None = None


@dataclasses.dataclass
class Box(Generic[T]):
    item: T
    more: list[T] | None = None


@dataclasses.dataclass
class Ping:
    pong: Pong | None = None


@dataclasses.dataclass
class Pong:
    ping: Ping | None = None


@dataclasses.dataclass
class Weighed:
    """Some of what it is made of is not kept."""

    grams: int = dataclasses.field(init=False)
    kilos: dataclasses.InitVar[float]
    lost: dataclasses.InitVar[int] = 0
    unit: ClassVar[str] = "g"

    def __post_init__(self, kilos: float, lost: int) -> None:
        self.grams = int(kilos * 1000) - lost


class Doc:
    """As PEP 727 has it."""

    def __init__(self, documentation: str) -> None:
        self.documentation = documentation


def obj(properties: dict[str, Any], *required: str, **more: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
        **more,
    }


PLACE = obj(
    {
        "x": {"type": "number", "description": "how far right"},
        "y": {"type": "number", "description": "how far up", "default": 0},
        "tags": {"type": "array", "items": {"type": "string"}},
    },
    "x",
    description="A place on a map.",
)
NULL = {"type": "null"}
INT, STR = {"type": "integer"}, {"type": "string"}

SCHEMAS: list[tuple[Any, dict[str, Any]]] = [
    (Any, {}),
    (object, {}),
    (str, STR),
    (int, INT),
    (float, {"type": "number"}),
    (bool, {"type": "boolean"}),
    (None, NULL),
    (bytes, {"type": "string", "contentEncoding": "base64"}),
    (date, {"type": "string", "format": "date"}),
    (datetime, {"type": "string", "format": "date-time"}),
    (timedelta, {"type": "string", "format": "duration"}),
    (UUID, {"type": "string", "format": "uuid"}),
    (Path, {"type": "string", "format": "path"}),
    (PureWindowsPath, {"type": "string", "format": "path"}),
    (
        dict[Path, int],
        {"type": "object", "additionalProperties": INT, "propertyNames": {"type": "string", "format": "path"}},
    ),
    (
        dataclasses.make_dataclass(
            "Wait", [("time", timedelta, dataclasses.field(default=timedelta(minutes=1))), ("at", Path, Path("a", "b"))]
        ),
        obj(
            {
                "time": {"type": "string", "format": "duration", "default": "PT1M"},
                "at": {"type": "string", "format": "path", "default": str(Path("a", "b"))},
            }
        ),
    ),
    (list, {"type": "array", "items": {}}),
    (list[int], {"type": "array", "items": INT}),
    (set[int], {"type": "array", "items": INT}),
    (frozenset[int], {"type": "array", "items": INT}),
    (collections.abc.Sequence[int], {"type": "array", "items": INT}),
    (tuple[int, ...], {"type": "array", "items": INT}),
    (tuple, {"type": "array", "items": {}}),
    (tuple[int, str], {"type": "array", "prefixItems": [INT, STR], "minItems": 2, "maxItems": 2}),
    (dict, {"type": "object", "additionalProperties": {}}),
    (dict[str, int], {"type": "object", "additionalProperties": INT}),
    (
        dict[Colour, int],
        {
            "type": "object",
            "additionalProperties": INT,
            "propertyNames": {"type": "string", "enum": ["red", "blue"]},
        },
    ),
    (int | None, {"anyOf": [INT, NULL]}),
    (typing.Optional[int], {"anyOf": [INT, NULL]}),  # noqa: UP045 - the old way too
    (Literal["a", "b"], {"type": "string", "enum": ["a", "b"]}),
    (Literal["a", 1, None], {"enum": ["a", 1, None]}),
    (Literal[Colour.RED], {"type": "string", "enum": ["red"]}),
    (Colour, {"type": "string", "enum": ["red", "blue"]}),
    (Level, {"type": "integer", "enum": [1, 2]}),
    (Opaque, {"type": "string", "enum": ["ONE", "TWO"]}),
    (UserId, INT),
    (T, {}),
    (Word, {"anyOf": [STR, INT]}),
    (Annotated[int, "how many"], {"type": "integer", "description": "how many"}),
    (Annotated[int, Doc("how many"), 5], {"type": "integer", "description": "how many"}),
    (Annotated[int, {"minimum": 1}], {"type": "integer", "minimum": 1}),
    (Place, PLACE),
    (
        Private,
        obj(
            {"secret": {"type": "string", "description": "not shown"}, "size": {"type": "integer", "default": 1}},
            "secret",
        ),
    ),
    (
        Order,
        obj(
            {
                "item": STR,
                "colour": {"type": "string", "enum": ["red", "blue"], "default": "red"},
                "place": {"anyOf": [PLACE, NULL], "default": None},
                "notes": {"type": "array", "items": STR, "description": "what else to know"},
                "late": {"anyOf": [INT, NULL], "default": None},
            },
            "item",
        ),
    ),
    (Options, obj({"depth": INT, "name": {**STR, "description": "the name"}}, "depth", description="What to look at.")),
    (Strict, obj({"depth": INT, "name": STR}, "depth")),
    (Pair, obj({"left": INT, "right": {**STR, "default": "r"}}, "left")),
    (Box[int], obj({"item": INT, "more": {"anyOf": [{"type": "array", "items": INT}, NULL], "default": None}}, "item")),
]


@pytest.mark.parametrize(("hint", "schema"), SCHEMAS, ids=lambda value: str(value)[:40])
def test_schemas(hint: Any, schema: dict[str, Any]) -> None:
    assert schema_of(hint) == schema


def test_a_class_that_holds_itself_is_a_definition() -> None:
    node = obj(
        {
            "name": STR,
            "children": {"type": "array", "items": {"$ref": "#/$defs/Node"}},
            "next": {"anyOf": [{"$ref": "#/$defs/Node"}, NULL], "default": None},
        },
        "name",
        description="A node.",
    )
    assert schema_of(Node) == {**node, "$defs": {"Node": node}}
    assert schema_of(list[Node]) == {"type": "array", "items": {"$ref": "#/$defs/Node"}, "$defs": {"Node": node}}
    assert schema_of(tuple[Node, Node])["prefixItems"] == [{"$ref": "#/$defs/Node"}] * 2
    assert set(schema_of(Ping)["$defs"]) == {"Ping"}


def test_what_cannot_be_hashed() -> None:
    schema = schema_of(Box[Annotated[int, {"minimum": 1}]])
    assert schema["properties"]["item"] == {"type": "integer", "minimum": 1}
    assert structure({"item": 1}, Box[Annotated[int, {"minimum": 1}]]) == Box(1)
    with pytest.raises(Misfit, match="item: expected at least 1"):
        structure({"item": 0}, Box[Annotated[int, {"minimum": 1}]])


def test_two_that_have_the_same_name() -> None:
    alias: Any = type("Alias", (), {"__name__": "Node"})()
    alias.__value__ = list[alias] | int  # as the type statement of Python 3.12 makes it
    assert set(schema_of(tuple[Node, alias])["$defs"]) == {"Node", "Node_2"}
    assert structure([{"name": "a"}, [[1], 2]], tuple[Node, alias]) == (Node("a"), [[1], 2])


GOOD: list[tuple[Any, Any, Any]] = [
    (Any, {"a": [1]}, {"a": [1]}),
    (int, 1.0, 1),
    (float, 1, 1.0),
    (int | float, 1, 1),
    (float | int, 1, 1),
    (str | None, None, None),
    (date, "2031-05-17", date(2031, 5, 17)),
    (datetime, "2031-05-17T09:30:00Z", datetime(2031, 5, 17, 9, 30, tzinfo=UTC)),
    (time, "09:30:00", time(9, 30)),
    (timedelta, "P1DT2H30M", timedelta(days=1, hours=2, minutes=30)),
    (Path, "a/b.txt", Path("a/b.txt")),
    (PurePath, "", PurePath()),
    (PurePosixPath, "/etc/../x", PurePosixPath("/etc/../x")),
    (PureWindowsPath, "C:\\a", PureWindowsPath("C:/a")),
    (dict[Path, int], {"a": 1}, {Path("a"): 1}),
    (UUID, "12345678-1234-5678-1234-567812345678", UUID("12345678-1234-5678-1234-567812345678")),
    (Decimal, "1.10", Decimal("1.10")),
    (bytes, "aGk=", b"hi"),
    (set[int], [1, 1, 2], {1, 2}),
    (frozenset[int], [1], frozenset({1})),
    (tuple[int, ...], [1, 2], (1, 2)),
    (tuple[int, str], [1, "a"], (1, "a")),
    (dict[Colour, int], {"red": 1}, {Colour.RED: 1}),
    (Literal["a", 1], 1, 1),
    (Literal[Colour.RED], "red", Colour.RED),
    (Level, 2, Level.HIGH),
    (Opaque, "TWO", Opaque.TWO),
    (UserId, 3, 3),
    (Place, {"x": 1, "tags": ["a"]}, Place(1.0, tags=["a"])),
    (Private, {"secret": "s"}, Private("s")),
    (Order, {"item": "tea", "place": {"x": 2}, "colour": "blue"}, Order("tea", Colour.BLUE, Place(2.0))),
    (Options, {"depth": 1}, {"depth": 1}),
    (Strict, {"depth": 1, "name": "n"}, {"depth": 1, "name": "n"}),
    (Pair, {"left": 1}, Pair(1)),
    (Node, {"name": "a", "children": [{"name": "b"}]}, Node("a", [Node("b")])),
    (Ping, {"pong": {"ping": {}}}, Ping(Pong(Ping()))),
    (Box[Box[int]], {"item": {"item": 1}}, Box(Box(1))),
    (Box[date], {"item": "2031-05-17", "more": []}, Box(date(2031, 5, 17), [])),
    (Order | Place, {"x": 1}, Place(1.0)),
    (Annotated[int, {"minimum": 1}], 1, 1),
]


@pytest.mark.parametrize(("hint", "value", "made"), GOOD, ids=lambda value: str(value)[:40])
def test_instances(hint: Any, value: Any, made: Any) -> None:
    got = structure(value, hint)
    assert got == made
    assert type(got) is type(made)


BAD: list[tuple[Any, Any, str]] = [
    (str, 1, "expected a string, got int 1"),
    (int, "1", "expected an integer, got '1'"),
    (int, True, "expected an integer, got bool True"),
    (int, 1.5, "expected an integer, got float 1.5"),
    (bool, 1, "expected true or false, got int 1"),
    (float, True, "expected a number, got bool True"),
    (float, 10**400, "the number is too large"),
    (float, float("inf"), "expected a finite number, got float inf"),
    (type(None), 0, "expected null, got int 0"),
    (date, 3, "expected a date such as 2031-05-17 as a string, got int 3"),
    (date, "soon", "expected a date such as 2031-05-17, got 'soon'"),
    (timedelta, 90, "expected a duration such as P1DT2H30M, without years and months as a string, got int 90"),
    (timedelta, "P1Y", "expected a duration such as P1DT2H30M, without years and months, got 'P1Y'"),
    (Path, 1, "expected a path as a string, got int 1"),
    (Decimal, "NaN", "expected a decimal number, got 'NaN'"),
    (Decimal, "x", "expected a decimal number, got 'x'"),
    (bytes, "*", "expected base64, got '*'"),
    (list[int], {"a": 1}, "expected a list, got dict"),
    (list[int], [1, "2"], "[1]: expected an integer, got '2'"),
    (set[Any], [[1]], "expected items that can be told apart: no lists or objects"),
    (tuple[int, str], [1], "expected 2 items, got 1"),
    (dict[str, int], [1], "expected an object, got list"),
    (dict[str, int], {"a b": "x"}, "['a b']: expected an integer, got 'x'"),
    (Colour, "green", "expected one of 'red', 'blue', got 'green'"),
    (Colour, ["red"], "expected one of 'red', 'blue', got list"),
    (Literal[1], True, "expected one of 1, got bool True"),
    (Place, {}, "'x' is missing"),
    (Place, {"x": 1, "z": 2}, "there is no 'z'; known are x, y, tags"),
    (Place, {"x": 1, "tags": ["a", 2]}, "tags[1]: expected a string, got int 2"),
    (Private, {"secret": "s", "size": 0}, "'size' must be > 0: 0"),
    (Order, {"item": "tea", "place": {"x": "far"}}, "place.x: expected a number, got 'far'"),
    (Order, {"item": "tea", "place": 3}, "place: expected an object, got int 3; or expected null, got int 3"),
    (
        Node,
        {"name": "a", "children": [{"name": "b", "next": {"name": 1}}]},
        "children[0].next.name: expected a string, got int 1",
    ),
    (Annotated[int, {"minimum": 1}], 0, "expected at least 1, got int 0"),
    (
        Any,
        nested(70, lambda value: [value], 1),
        "nested more than 64 levels deep",
    ),
]


@pytest.mark.parametrize(("hint", "value", "words"), BAD, ids=lambda value: str(value)[:40])
def test_misfits(hint: Any, value: Any, words: str) -> None:
    with pytest.raises(Misfit) as caught:
        structure(value, hint)
    assert str(caught.value) == words


def test_what_a_dataclass_takes_and_does_not_keep() -> None:
    assert structure({"kilos": 1.5, "lost": 2}, Weighed).grams == 1498
    assert structure({"kilos": 2}, Weighed).grams == 2000
    assert schema_of(Weighed)["properties"] == {"kilos": {"type": "number"}, "lost": {"type": "integer", "default": 0}}
    with pytest.raises(Misfit, match="'kilos' is missing"):
        structure({}, Weighed)


def test_a_misfit_says_where_and_what() -> None:
    with pytest.raises(Misfit) as caught:
        structure({"item": "tea", "notes": ["a", 2]}, Order)
    assert (caught.value.path, caught.value.message) == ("notes[1]", "expected a string, got int 2")
    with pytest.raises(Misfit) as caught:
        structure({"x" * 1000: "y"}, dict[str, int])
    assert caught.value.path == f"[{'x' * 80!r}]"


@pytest.mark.parametrize(
    ("hint", "words"),
    [
        (complex, "<class 'complex'> has no JSON Schema"),
        (list[complex], "<class 'complex'> has no JSON Schema"),
        (dict[int, str], "keys are strings"),
        (dict[str | int, str], "keys are strings"),
        (dataclasses.make_dataclass("Odd", [("part", complex)]), "part: <class 'complex'> has no JSON Schema"),
        (Literal[b"x"], "a Literal of bytes has no JSON Schema"),
        (enum.Enum("Empty", []), "an enum without members has no JSON Schema"),
        (dataclasses.make_dataclass("Lost", [("part", "Nowhere")]), "Lost: name 'Nowhere' is not defined"),
    ],
)
def test_what_has_no_schema(hint: Any, words: str) -> None:
    with pytest.raises(TypeError, match=words):
        schema_of(hint)
    with pytest.raises(TypeError, match=words):
        structure({}, hint)


def test_plain_data() -> None:
    order = Order("tea", Colour.BLUE, Place(1.0, tags=["a"]))
    assert plain(order) == {
        "item": "tea",
        "colour": "blue",
        "place": {"x": 1.0, "y": 0, "tags": ["a"], "hidden": 3},
        "notes": [],
        "late": None,
        "done": False,
    }
    assert plain([Pair(1), {Colour.RED: {1}}, (b"hi", bytearray(b"hi")), Opaque.ONE, Level.LOW]) == [
        {"left": 1, "right": "r"},
        {"red": [1]},
        ["aGk=", "aGk="],
        "ONE",
        1,
    ]
    assert plain(
        [date(2031, 5, 17), datetime(2031, 5, 17, tzinfo=UTC), time(9), UUID(int=1), Decimal("1.10"), True]
    ) == [
        "2031-05-17",
        "2031-05-17T00:00:00+00:00",
        "09:00:00",
        "00000000-0000-0000-0000-000000000001",
        "1.10",
        True,
    ]
    assert plain([timedelta(hours=-1), Path("a"), PureWindowsPath("C:/a")]) == ["-PT1H", "a", "C:\\a"]
    assert plain(type("Name", (str,), {})("x")) == "x"
    assert plain(type("Count", (int,), {})(3)) == 3


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (object(), "JSON cannot say object"),
        (float("nan"), "JSON cannot say nan"),
        ({1: 2}, "strings as keys, not int"),
        (nested(70, lambda value: [value], 1), "more than 64 levels"),
    ],
)
def test_what_json_cannot_say(value: Any, words: str) -> None:
    with pytest.raises(TypeError, match=words):
        plain(value)
