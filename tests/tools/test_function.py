"""Functions as tools: what the model is told of them, and that they stay functions."""

from __future__ import annotations

import copy
import functools
import pickle
from types import MethodType
from typing import TYPE_CHECKING, Annotated, Any, Literal

import attrs
import pytest

from duologue import ChatRequest, Client, FunctionTool, Message, Tool, ToolContext, from_dict, to_dict, tool
from duologue._schema import Misfit

if TYPE_CHECKING:
    from collections.abc import Callable


@attrs.frozen
class Place:
    """A place."""

    city: str
    country: str = "FR"


@tool
def weather(
    place: Place, unit: Literal["C", "F"] = "C", *, days: Annotated[int, "how far ahead", {"minimum": 1}] = 1
) -> str:
    """The weather at a place.

    Asks a satellite.

    Args:
        place: where
        unit: of the temperature

    Returns:
        some words
    """
    return f"{place.city} {place.country} {unit} {days}"


def test_what_the_model_is_told() -> None:
    assert weather.name == "weather"
    assert weather.description == "The weather at a place.\n\nAsks a satellite."
    assert weather.parameters == {
        "type": "object",
        "properties": {
            "place": {
                "type": "object",
                "description": "A place.",
                "properties": {"city": {"type": "string"}, "country": {"type": "string", "default": "FR"}},
                "required": ["city"],
                "additionalProperties": False,
            },
            "unit": {"type": "string", "enum": ["C", "F"], "description": "of the temperature", "default": "C"},
            "days": {"type": "integer", "minimum": 1, "description": "how far ahead", "default": 1},
        },
        "required": ["place"],
        "additionalProperties": False,
    }


def test_it_stays_a_function() -> None:
    assert weather(Place("Paris"), days=2) == "Paris FR C 2"
    assert weather.call(weather.read('{"place": {"city": "Rome"}, "unit": "F"}')) == "Rome FR F 1"


def test_the_words_of_the_caller_come_first() -> None:
    @tool(name="now", description="Tells the time.", strict=True, timeout=5)
    def clock() -> str:
        """Not this."""
        return "noon"

    assert (clock.name, clock.description, clock.strict, clock.timeout) == ("now", "Tells the time.", True, 5)
    assert clock() == "noon"
    assert tool(clock.function, description="").description == ""
    assert tool(clock.function).description == "Not this."


def test_it_goes_wherever_tools_go() -> None:
    def plain(text: str) -> None:
        """Plain."""

    request = ChatRequest("hi", tools=[weather, plain, Tool("t"), {"name": "d"}])
    assert [item.name for item in request.tools] == ["weather", "plain", "t", "d"]
    assert isinstance(request.tools[1], FunctionTool)
    data = to_dict(request)
    assert data["tools"][0] == {"name": "weather", "description": weather.description, "parameters": weather.parameters}
    assert from_dict(ChatRequest, data) == request
    assert request == from_dict(ChatRequest, data)
    assert to_dict(weather) == data["tools"][0]
    assert weather == Tool(weather.name, weather.description, weather.parameters)
    assert weather != Tool(weather.name)
    assert weather != "weather"
    assert len({weather, Tool(weather.name, weather.description, weather.parameters)}) == 1
    with pytest.raises(TypeError, match=r"tools\[0\] must be a Tool"):
        ChatRequest("hi", tools=[3])  # type: ignore[list-item]  # what is refused


class Shop:
    """A shop."""

    def __init__(self, name: str) -> None:
        self.name = name

    @tool
    def price(self, item: str) -> str:
        """What something costs.

        Args:
            item: what
        """
        return f"{item} at {self.name}"

    @tool
    @staticmethod
    def hours() -> str:
        """When it is open."""
        return "all day"

    @classmethod
    def find(cls, name: str) -> Shop:
        """Find one."""
        return cls(name)

    def plain(self, item: str) -> str:
        """A plain method."""
        return f"{self.name}: {item}"

    def __call__(self, item: str, context: ToolContext) -> str:
        """Buy something.

        Args:
            item: what to buy
        """
        return f"bought {item} at {self.name} for {context.call_id}"


def test_methods() -> None:
    one, other = Shop("A"), Shop("B")
    assert one.price.call(one.price.read('{"item": "tea"}')) == "tea at A"
    assert other.price(item="tea") == "tea at B"
    assert one.price.parameters["properties"] == {"item": {"type": "string", "description": "what"}}
    assert one.price == Shop.price
    assert Shop.price(one, "tea") == "tea at A"
    assert one.hours.call({}) == "all day"
    assert tool(one.plain).call({"item": "tea"}) == "A: tea"
    assert tool(Shop.find).parameters["required"] == ["name"]
    with pytest.raises(TypeError, match="price is a method: give the tool of an object"):
        Shop.price.call({"item": "tea"})


def test_class_methods() -> None:
    class Bank:
        @classmethod
        @tool(timeout=5)
        def rate(cls, currency: str) -> str:
            """The rate."""
            return f"{currency} at {cls.__name__}"

    # What a class method gives differs from one version of Python to the next.
    for given in (Bank.rate, MethodType(Bank.__dict__["rate"].__func__, Bank)):
        [made] = ChatRequest((Message.user("hi"),), tools=[given]).tools
        assert isinstance(made, FunctionTool)
        assert (made.name, made.description, made.timeout) == ("rate", "The rate.", 5)
        assert made.call(made.read('{"currency": "EUR"}')) == "EUR at Bank"


def test_a_tool_of_a_tool_has_other_words() -> None:
    other = tool(weather, name="other", strict=False, timeout=3)
    assert (other.name, other.strict, other.timeout) == ("other", False, 3)
    assert (other.description, other.parameters) == (weather.description, weather.parameters)
    assert other(Place("Oslo")) == "Oslo FR C 1"
    assert tool(other).timeout == 3
    assert tool(other) == other
    by_hand = tool(weather, parameters={"type": "object"}, description="")
    assert (by_hand.name, by_hand.parameters, by_hand.description) == ("weather", {"type": "object"}, "")
    assert by_hand.read('{"place": 1}') == {"place": 1}
    with pytest.raises(ValueError, match="the name of a tool"):
        tool(weather, name="a b")


def test_copies() -> None:
    request = ChatRequest((Message.user("hi"),), tools=[weather])
    for copied in (copy.copy(weather), copy.deepcopy(request).tools[0]):
        assert copied is weather
    [there] = pickle.loads(pickle.dumps(request)).tools
    assert type(there) is Tool
    assert there == weather
    # A changed one is made by the class itself, which knows no function.
    with pytest.raises(TypeError, match="'w' has no function to run"):
        Client("llamacpp").run_tools("hi", [attrs.evolve(weather, name="w")])


def test_objects_and_classes_that_can_be_called() -> None:
    buy = tool(Shop("A"), name="buy")
    assert buy.description == "A shop."
    assert buy.parameters["properties"] == {"item": {"type": "string", "description": "what to buy"}}
    assert buy.context == "context"

    @tool
    class Dice:
        def __call__(self, sides: int = 6) -> int:
            """Throw a die."""
            return sides

    made: Any = Dice  # mypy takes it for the class
    assert (made.name, made.description) == ("Dice", "Throw a die.")
    assert made.call({"sides": 8}) == 8
    with pytest.raises(TypeError, match=r"make the object yourself, tool\(Shop\(...\)\)"):
        tool(Shop)


def test_partials_and_wrapped_functions() -> None:
    def add(a: int, b: int = 1) -> int:
        """Add.

        Args:
            b: the second
        """
        return a + b

    half = tool(functools.partial(add, 1), name="add_one")
    assert half.parameters["properties"] == {"b": {"type": "integer", "description": "the second", "default": 1}}
    assert half.call({"b": 4}) == 5

    def loud(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            return -function(*args, **kwargs)

        return wrapper

    assert tool(loud(add)).parameters["required"] == ["a"]
    assert tool(loud(add)).call({"a": 1}) == -2


def test_kinds_of_parameters() -> None:
    def mixed(a: int, /, b: int, *, c: int, **rest: int) -> list[int]:
        return [a, b, c, *rest.values()]

    made = tool(mixed)
    assert made.parameters["additionalProperties"] == {"type": "integer"}
    assert made.call(made.read('{"a": 1, "b": 2, "c": 3, "d": 4}')) == [1, 2, 3, 4]
    with pytest.raises(Misfit, match="d: expected an integer"):
        made.read('{"a": 1, "b": 2, "c": 3, "d": "4"}')

    def unsaid(anything, nothing=None):  # type: ignore[no-untyped-def]  # what it is about
        return anything, nothing

    assert tool(unsaid).parameters["properties"] == {"anything": {}, "nothing": {"default": None}}
    assert tool(unsaid).parameters["required"] == ["anything"]


def test_what_is_given_by_place_stays_in_its_place() -> None:
    @tool
    def area(width: int = 1, height: int = 2, /) -> tuple[int, int]:
        return width, height

    assert area.call(area.read('{"height": 5}')) == (1, 5)
    assert area.call(area.read('{"width": 5}')) == (5, 2)
    assert area.call(area.read("{}")) == (1, 2)

    @tool(parameters={"type": "object"})
    def by_hand(width: int, height: int, /) -> tuple[int, int]:
        return width, height

    assert by_hand.call(by_hand.read('{"height": 5, "width": 3}')) == (3, 5)
    with pytest.raises(TypeError, match="missing 2 required positional arguments"):
        by_hand.call(by_hand.read('{"height": 5}'))


def test_null_for_what_may_be_left_out() -> None:
    assert weather.call(weather.read('{"place": {"city": "Rome", "country": null}, "unit": null, "days": null}')) == (
        "Rome FR C 1"
    )
    with pytest.raises(Misfit, match="place"):
        weather.read('{"place": null}')

    @tool
    def note(text: str, at: int | None = 3) -> int | None:
        return at

    assert note.call(note.read('{"text": "a", "at": null}')) is None

    @tool
    def anything(first: Any = 1, second: Literal["a", None] = "a", third: Literal["b"] = "b") -> Any:
        return first, second, third

    assert anything.call(anything.read('{"first": null, "second": null, "third": null}')) == (None, None, "b")

    @tool(
        parameters={
            "properties": {"a": {"type": "integer"}, "b": True, "c": {"anyOf": [{"$ref": "#"}]}, "d": {"const": 1}}
        }
    )
    def by_hand(**given: Any) -> Any:
        return given

    assert by_hand.call(by_hand.read('{"a": null, "b": null, "d": null, "c": {"a": null, "b": 1}}')) == {
        "b": None,
        "c": {"b": 1},
    }


def test_a_strict_tool_has_the_schema_that_strict_providers_take() -> None:
    strict = tool(weather, strict=True)
    assert strict.parameters["required"] == ["place", "unit", "days"]
    assert strict.parameters["properties"]["days"] == {
        "description": "how far ahead (default 1)",
        "anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}],
    }
    assert strict.call(strict.read('{"place": {"city": "Rome", "country": null}, "unit": null, "days": 2}')) == (
        "Rome FR C 2"
    )

    @tool(strict=True)
    def count(words: dict[str, int]) -> int:
        return len(words)

    # It has no such form, and the provider is the judge.
    assert count.parameters["properties"]["words"]["additionalProperties"] == {"type": "integer"}


def test_a_schema_that_was_written_by_hand() -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer", "maximum": 9}}, "required": ["n"]}

    @tool(parameters=schema)
    def count(context: ToolContext, **given: Any) -> Any:
        """Count."""
        return given

    assert count.parameters == schema
    assert count.context == "context"
    assert count.read('{"n": 3, "m": [1]}') == {"n": 3, "m": [1]}
    with pytest.raises(Misfit, match="n: expected at most 9, got int 10"):
        count.read('{"n": 10}')
    with pytest.raises(ValueError, match="place of the same schema"):
        tool(count.function, parameters={"$ref": "https://example.com"})


def print_all(*items: Any) -> None:
    """All of them."""


@pytest.mark.parametrize(
    ("function", "options", "error", "words"),
    [
        (lambda: None, {}, ValueError, "the name of a tool is letters, digits, _ and -"),
        (lambda: None, {"name": "x" * 65}, ValueError, "the name of a tool"),
        (print_all, {"name": "f"}, TypeError, r"f: \*items: a model gives arguments by name"),
        (3, {}, TypeError, "a tool is a function, a method, or an object with __call__; got int"),
        (classmethod(print_all), {}, TypeError, "got classmethod"),
        (lambda: None, {"name": "f", "timeout": 0}, ValueError, "timeout must be more than 0 seconds"),
        (max, {}, TypeError, "max: no signature found"),
    ],
)
def test_what_is_no_tool(function: Any, options: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        tool(function, **options)


def test_hints_that_cannot_be_found() -> None:
    def lost(a: Nowhere) -> None:  # type: ignore[name-defined]  # noqa: F821 - what it is about
        """Lost."""

    def found(a: int) -> Nowhere:  # type: ignore[name-defined]  # noqa: F821 - nobody has to know what it gives
        """Found."""

    with pytest.raises(TypeError, match=r"lost: .*name 'Nowhere' is not defined; type hints must name"):
        tool(lost)
    assert tool(found).parameters["required"] == ["a"]

    def odd(a: complex) -> None:
        """Odd."""

    with pytest.raises(TypeError, match="odd: a: <class 'complex'> has no JSON Schema"):
        tool(odd)


def test_a_message_may_hold_what_a_tool_gives() -> None:
    assert Message.tool("c", weather(Place("Paris"))).text == "Paris FR C 1"
