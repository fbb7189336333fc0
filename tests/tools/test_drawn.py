"""Functions with drawn signatures: what fits their schema runs, and whatever else a model may say becomes an error that
it is told."""

from __future__ import annotations

import inspect
import json
import random
from typing import Any

import pytest

from duologue import ChatRequest, ToolCall, tool
from duologue._schema import Misfit, check, check_schema, plain, schema_of, structure
from duologue._tools.bounds import Bounds
from duologue._tools.job import Job, News
from duologue._tools.talk import Talk
from tests.kit.hints import draw_hint, mutated, mutated_text

BOUNDS = Bounds(max_rounds=1, max_calls=None, max_total_tokens=None, max_parallel=1, timeout=None, tool_timeout=None)
SEEDS = pytest.mark.parametrize("seed", range(30))


def draw_function(draw: random.Random) -> tuple[Any, dict[str, Any]]:
    """A function that gives what it got, and arguments for it."""

    def function(**given: Any) -> dict[str, Any]:
        return given

    drawn = {f"p{number}": draw_hint(draw, written=True) for number in range(draw.randint(0, 4))}
    kind = inspect.Parameter.KEYWORD_ONLY
    signature = inspect.Signature([inspect.Parameter(name, kind, annotation=hint) for name, (hint, _) in drawn.items()])
    function.__signature__ = signature  # type: ignore[attr-defined]  # as decorators set it
    function.__annotations__ = {name: hint for name, (hint, _) in drawn.items()}
    return function, {name: give() for name, (_, give) in drawn.items()}


@SEEDS
def test_what_fits_runs(seed: int) -> None:
    draw = random.Random(seed)
    for _ in range(20):
        function, arguments = draw_function(draw)
        made = tool(function)
        check_schema(made.parameters)
        check(arguments, made.parameters)
        given = made.call(made.read(json.dumps(arguments)))
        assert given.keys() == arguments.keys()
        # What was made of the data says the same again, but for defaults that were left out.
        again = made.call(made.read(json.dumps(plain(given))))
        assert plain(again) == plain(given)


@SEEDS
def test_the_schema_allows_what_is_taken_and_nothing_else(seed: int) -> None:
    draw = random.Random(seed)
    for _ in range(40):
        hint, give = draw_hint(draw)
        schema = schema_of(hint)
        value = mutated(draw, give())
        assert fits(check, value, schema) == fits(structure, value, hint), (hint, value)


def fits(test: Any, value: Any, against: Any) -> bool:
    try:
        test(value, against)
    except Misfit:
        return False
    return True


@SEEDS
def test_whatever_a_model_says_is_run_or_answered(seed: int) -> None:
    draw = random.Random(seed)
    for _ in range(40):
        function, arguments = draw_function(draw)
        talk = Talk(ChatRequest("hi", tools=[tool(function)]), BOUNDS)
        text = mutated_text(draw, mutated(draw, arguments))
        name = draw.choice(["function", "function", "__init__", "function\0", ""])
        task = talk.prepare(ToolCall("c", name, text))
        if isinstance(task, Job):
            assert name == "function"
            assert task.end(task.call()).event.status == "done"
        else:
            assert isinstance(task, News)
            assert task.event.status == "error"
            assert task.message is not None
            assert task.message.is_error


@SEEDS
def test_a_schema_that_was_tampered_with_is_refused_or_held_to(seed: int) -> None:
    draw = random.Random(seed)
    for _ in range(40):
        function, arguments = draw_function(draw)
        schema = mutated(draw, tool(function).parameters)
        try:
            check_schema(schema)
        except (TypeError, ValueError):
            continue
        assert fits(check, arguments, schema) in (True, False)
