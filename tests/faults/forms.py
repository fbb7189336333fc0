"""Table A2, answers of a given form: what a model may say instead."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from duologue import OutputValidationError
from tests.faults.leaving import client_for, on_its_loop
from tests.faults.row import Act
from tests.kit.server import ScriptedServer, reply
from tests.kit.wire import DONE, delta, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.faults.row import Promise
    from tests.kit.twins import Twin


@attrs.frozen
class City:
    name: str
    people: int = 0


PARIS = '{"name": "Paris", "people": 7}'
FORM: dict[str, Any] = {"response_format": City}


def _answers(text: str, finish: str, refusal: str | None) -> list[Any]:
    """The same answer, streamed and whole."""
    fields = {} if refusal is None else {"refusal": refusal}
    body = json.loads(whole(text, **fields))
    body["choices"][0]["finish_reason"] = finish
    return [
        reply([delta(text, **fields), delta(finish=finish), DONE]),
        reply(json.dumps(body).encode(), content_type="application/json"),
    ]


def _good(text: str) -> Callable[[Twin], None]:
    """Whether an answer is taken."""

    @on_its_loop
    async def do(twin: Twin) -> None:
        with ScriptedServer(*_answers(text, "stop", None)) as server:
            async with client_for(twin, server) as client:
                assert (await client.stream("hi", **FORM).result()).parsed == City("Paris", 7)
                assert (await client.chat("hi", **FORM)).parsed == City("Paris", 7)

    return do


def _bad(text: str, reason: str, path: str = "", finish: str = "stop", refusal: str | None = None) -> Any:
    """Whether an answer is refused, and says so."""

    @on_its_loop
    async def do(twin: Twin) -> None:
        with ScriptedServer(*_answers(text, finish, refusal)) as server:
            async with client_for(twin, server) as client:
                for ask in (client.stream("hi", **FORM).result, lambda: client.chat("hi", **FORM)):
                    with pytest.raises(OutputValidationError) as caught:
                        await ask()
                    error = caught.value
                    assert (error.reason, error.path, error.text) == (reason, path, refusal or text)
                    assert error.partial is not None
                    assert error.partial.complete
                    assert error.partial.text == text

    return do


def _row(fault: str, do: Any, note: str) -> Act:
    return Act(fault=fault, gives=OutputValidationError, do=do, note=note)


ANSWERS: list[Promise] = [
    Act(fault="JSON in a Markdown fence", do=_good(f"```json\n{PARIS}\n```"), note="found"),
    Act(fault="JSON amid prose", do=_good(f"In {{short}}: {PARIS} Anything else?"), note="found"),
    _row("a value of another type", _bad('{"name": "A", "people": "7"}', "invalid", "people"), "`path` says where"),
    _row("a key that was not asked for", _bad('{"name": "A", "x": 1}', "invalid"), "as for any that does not fit"),
    _row("a key that is missing", _bad('{"people": 1}', "invalid"), "likewise"),
    _row(
        "100 arrays within each other",
        _bad('{"name":' + "[" * 99 + "]" * 99 + "}", "invalid"),
        "more than 64 are refused",
    ),
    _row("prose alone", _bad("I do not know.", "no_json"), "`reason` is `no_json`"),
    _row("an answer that is cut", _bad('{"name": "Pa', "length", finish="length"), "`value` has what can be read"),
    _row("a refusal", _bad("", "refusal", refusal="I cannot."), "`text` is what was said"),
    _row("an answer that a filter kept back", _bad("", "content_filter", finish="content_filter"), ""),
]

TABLE: Mapping[str, list[Promise]] = {"Answers of a given form": ANSWERS}
