"""Answers of a given form, through real sockets, in both twins."""

from __future__ import annotations

import gc
import json
import threading
import weakref
from typing import TYPE_CHECKING, Any, TypedDict

import attrs
import pytest

from duologue import (
    DuologueError,
    Message,
    OutputValidationError,
    ParsedResponse,
    ResponseFormat,
    RetryPolicy,
    StreamInterrupted,
    Tool,
    ToolCallDelta,
    to_dict,
    tool,
)
from tests.client.test_stream import CHUNKED, client_for
from tests.kit.server import ScriptedServer, chunk, hang_up, head, reply, wait_for
from tests.kit.wire import DONE, answer, data, delta, whole

if TYPE_CHECKING:
    from tests.kit.twins import Twin


@attrs.frozen
class City:
    name: str
    people: int = 0


class Known(TypedDict):
    a: int


PARIS = '{"name": "Paris", "people": 2100000}'
PIECES = ['{"name": "Pa', 'ris", "peo', 'ple": 21', "00000}"]
GROWING = [{"name": "Pa"}, {"name": "Paris"}, {"name": "Paris", "people": 21}, {"name": "Paris", "people": 2100000}]
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}


async def chat(twin: Twin, *answers: bytes, provider: str = "llamacpp", **params: Any) -> Any:
    with ScriptedServer(*(reply(one, content_type="application/json") for one in answers)) as server:
        async with client_for(twin, server, provider) as client:
            return await client.chat("hi", **params)


async def refused(twin: Twin, *answers: bytes, **params: Any) -> OutputValidationError:
    with pytest.raises(OutputValidationError) as caught:
        await chat(twin, *answers, **{"response_format": City, **params})
    return caught.value


ROWS: list[tuple[Any, str, Any]] = [
    (City, PARIS, City("Paris", 2100000)),
    (City, f"```json\n{PARIS}\n```", City("Paris", 2100000)),
    (City, f"Here it is:\n\n{PARIS}\n\nAnything else?", City("Paris", 2100000)),
    (City, '{"name": 1} or rather {"name": "Rome"}', City("Rome")),
    (Known, '{"a": 1}', {"a": 1}),
    (SCHEMA, '{"a": 1, "b": 2}', {"a": 1, "b": 2}),
    (list[City], '{"value": [{"name": "Rome"}]}', [City("Rome")]),
    (City | None, '{"value": null}', None),
    (int, '{"value": 7}', 7),
    ({"enum": ["a", "b"]}, '{"value": "b"}', "b"),
]


@pytest.mark.parametrize(("form", "text", "parsed"), ROWS)
async def test_an_answer_of_that_form(twin: Twin, form: Any, text: str, parsed: Any) -> None:
    found = await chat(twin, whole(text), response_format=form)
    assert type(found) is ParsedResponse
    assert found.parsed == parsed
    assert found.text == text
    assert found.complete
    with ScriptedServer(reply(answer(*text))) as server:
        async with client_for(twin, server) as client:
            stream = client.stream("hi", response_format=form)
            streamed = await stream.result()
            assert streamed.parsed == parsed
            assert streamed == stream.response
            assert stream.response == streamed
            assert streamed != found
            assert hash(streamed) == hash(stream.response)


async def test_a_parsed_response_is_written_as_a_response(twin: Twin) -> None:
    with ScriptedServer(reply(answer(PARIS))) as server:
        async with client_for(twin, server) as client:
            stream = client.stream("hi", response_format=City)
            assert to_dict(await stream.result()) == to_dict(stream.response)


async def test_without_a_form_nothing_is_parsed(twin: Twin) -> None:
    form = ResponseFormat("json_schema", SCHEMA)
    for params in ({}, {"response_format": "json_object"}, {"response_format": form}):
        assert type(await chat(twin, whole("no"), **params)) is not ParsedResponse


# -- what does not fit -------------------------------------------------------------------------------------------------


def finished(text: str, finish: str, **fields: Any) -> bytes:
    body = json.loads(whole(text, **fields))
    body["choices"][0]["finish_reason"] = finish
    return json.dumps(body).encode()


WRONG: dict[str, tuple[bytes, str, str, Any, str]] = {
    "a value of another type": (
        whole('{"name": "Paris", "people": "many"}'),
        "invalid",
        "people",
        {"name": "Paris", "people": "many"},
        "people: expected an integer, got 'many'",
    ),
    "a key too many": (whole('{"name": "", "x": 1}'), "invalid", "", {"name": "", "x": 1}, "there is no 'x'"),
    "a key too few": (whole("{}"), "invalid", "", {}, "'name' is missing"),
    "no object": (whole("[1]"), "invalid", "", [1], "expected an object"),
    "no JSON": (whole("I do not know."), "no_json", "", None, "there is no JSON in the answer"),
    "no text": (whole(""), "no_json", "", None, "there is no JSON in the answer"),
    "JSON that breaks": (whole('{"name": "A", oops'), "no_json", "", {"name": "A"}, "there is no JSON in the answer"),
    "JSON that is none": (whole("{'name'"), "no_json", "", {}, "there is no JSON in the answer"),
    "cut": (finished('{"name": "Par', "length"), "length", "", {"name": "Par"}, "it was cut"),
    "refused": (finished("", "stop", refusal="I cannot."), "refusal", "", None, "the model refused"),
    "filtered": (finished("", "content_filter"), "content_filter", "", None, "a filter"),
    "too deep": (whole('{"name": ' * 100 + "1" + "}" * 100), "invalid", "", None, "more than 64 levels"),
}


@pytest.mark.parametrize("label", WRONG)
async def test_what_does_not_fit(twin: Twin, label: str) -> None:
    body, reason, path, value, message = WRONG[label]
    error = await refused(twin, body)
    assert (error.reason, error.path) == (reason, path)
    assert message in error.message
    assert error.message.startswith("not of the form that response_format asks for: ")
    assert label == "too deep" or error.value == value
    said = json.loads(body)["choices"][0]["message"]
    assert error.text == (said["content"] or said.get("refusal", ""))
    assert error.partial is not None
    assert error.partial.complete
    assert error.partial.text == said["content"]
    assert (error.provider, error.code, error.type) == ("llamacpp", "output_validation", "output")
    assert error.retryable is (reason in ("invalid", "no_json"))


async def test_an_answer_that_was_cut_but_is_whole_counts(twin: Twin) -> None:
    """A server may go on with white space until it is stopped."""
    assert (await chat(twin, finished(PARIS + " " * 9, "length"), response_format=City)).parsed == City(
        "Paris", 2100000
    )


async def test_what_is_wrapped_and_does_not_fit(twin: Twin) -> None:
    error = await refused(twin, whole('{"value": [1, "x"]}'), response_format=list[int])
    assert (error.path, error.value) == ("[1]", [1, "x"])
    error = await refused(twin, whole('{"other": 1}'), response_format=list[int])
    assert "'value'" in error.message


async def test_an_error_keeps_nothing_alive(twin: Twin) -> None:
    with ScriptedServer(reply(whole("{}"), content_type="application/json")) as server:
        async with client_for(twin, server) as client:

            async def fail() -> weakref.ref[DuologueError]:
                try:
                    await client.chat("hi", response_format=City, reask=1)
                except DuologueError as error:
                    return weakref.ref(error)
                raise AssertionError("it did not fail")

            gc.collect()
            gc.disable()
            try:
                assert (await fail())() is None
            finally:
                gc.enable()


# -- asking again ------------------------------------------------------------------------------------------------------


async def test_the_model_is_told_what_is_wrong_and_asked_again(twin: Twin) -> None:
    with ScriptedServer(*(reply(whole(text), content_type="application/json") for text in ("{}", "", PARIS))) as server:
        async with client_for(twin, server) as client:
            found = await client.chat([Message.user("Which?")], response_format=City, reask=5, temperature=0)
        assert found.parsed == City("Paris", 2100000)
        assert (found.usage.input_tokens, found.usage.output_tokens, found.usage.total_tokens) == (9, 3, 12)
        first, second, third = [request.json() for request in server.requests]
    assert [message["content"] for message in first["messages"]] == ["Which?"]
    user, said, told = second["messages"]
    assert (user["content"], said) == ("Which?", {"role": "assistant", "content": "{}"})
    assert told["role"] == "user"
    assert "'name' is missing" in told["content"]
    # An answer of nothing is no message that could be sent back.
    assert [message["role"] for message in third["messages"]] == ["user", "assistant", "user", "user"]
    assert first["response_format"] == second["response_format"] == third["response_format"]
    assert second["temperature"] == 0


async def test_it_is_asked_again_so_often_and_no_more(twin: Twin) -> None:
    with ScriptedServer(reply(whole("{}"), content_type="application/json")) as server:
        async with client_for(twin, server) as client:
            with pytest.raises(OutputValidationError) as caught:
                await client.chat("hi", response_format=City, reask=2)
        assert len(server.requests) == 3
    assert caught.value.partial is not None
    assert caught.value.partial.usage.total_tokens == 12


@pytest.mark.parametrize("label", ["cut", "refused", "filtered"])
async def test_what_asking_again_does_not_mend(twin: Twin, label: str) -> None:
    with ScriptedServer(reply(WRONG[label][0], content_type="application/json")) as server:
        async with client_for(twin, server) as client:
            with pytest.raises(OutputValidationError):
                await client.chat("hi", response_format=City, reask=2)
        assert len(server.requests) == 1


@pytest.mark.parametrize("times", [-1, 1.0, True, "1", None])
async def test_a_number_of_times_that_is_none(twin: Twin, times: Any) -> None:
    with pytest.raises(ValueError, match="reask must be a whole number"):
        await chat(twin, whole(""), reask=times)


async def test_without_a_form_there_is_nothing_to_ask_again_for(twin: Twin) -> None:
    for params in ({}, {"response_format": "json_object"}):
        with pytest.raises(ValueError, match="reask goes with a response_format"):
            await chat(twin, whole(""), reask=1, **params)


# -- while it streams --------------------------------------------------------------------------------------------------


async def test_it_grows(twin: Twin) -> None:
    seen = [threading.Event() for _ in PIECES]
    steps: list[Any] = [chunk(delta("Sure: "))]
    for text, event in zip(PIECES, seen, strict=True):
        steps += [chunk(delta(text)), wait_for(event)]
    steps += [chunk(delta("\n", finish="stop")), chunk(DONE), chunk(b"")]
    with ScriptedServer([head(200, CHUNKED), *steps]) as server:
        async with client_for(twin, server) as client:
            stream = client.stream("hi", response_format=City)
            given = []
            async for partial in stream.partials():
                given.append(partial)
                seen[len(given) - 1].set()
            assert given == GROWING
            assert (await stream.result()).parsed == City("Paris", 2100000)


async def test_what_is_wrapped_grows_as_what_was_asked_for(twin: Twin) -> None:
    with ScriptedServer(reply(answer('{"val', 'ue": [', "1", ", 2", "]}"))) as server:
        async with client_for(twin, server) as client:
            stream = client.stream("hi", response_format=list[int])
            assert [partial async for partial in stream.partials()] == [[], [1], [1, 2], [1, 2]]


async def test_it_grows_without_a_form_as_well(twin: Twin) -> None:
    with ScriptedServer(reply(answer("It: ", '{"a', '": 1', "}", " or not"))) as server:
        async with client_for(twin, server) as client:
            assert [partial async for partial in client.stream("hi").partials()] == [{}, {"a": 1}, {"a": 1}]


async def all_of(partials: Any, given: list[Any]) -> None:
    async for partial in partials:
        given.append(partial)  # noqa: PERF401 - what came before an error counts


async def test_at_the_end_what_does_not_fit_is_raised_once(twin: Twin) -> None:
    with ScriptedServer(reply(answer('{"name"', ": 1}"))) as server:
        async with client_for(twin, server) as client:
            stream = client.stream("hi", response_format=City)
            partials = stream.partials()
            given: list[Any] = []
            with pytest.raises(OutputValidationError, match="name: expected a string"):
                await all_of(partials, given)
            assert given == [{}, {"name": 1}]
            assert [partial async for partial in partials] == []
            with pytest.raises(OutputValidationError):
                await stream.result()


async def test_a_stream_that_breaks_off_is_raised_with_what_had_come(twin: Twin) -> None:
    with ScriptedServer([head(200, CHUNKED), *map(chunk, map(delta, PIECES[:2])), hang_up]) as server:
        async with client_for(twin, server, retry=RetryPolicy(max_retries=0)) as client:
            for options in ({}, {"raise_errors": False}):
                given: list[Any] = []
                with pytest.raises(StreamInterrupted) as caught:
                    await all_of(client.stream("hi", response_format=City, **options).partials(), given)
                assert given == GROWING[:2]
                assert caught.value.partial is not None
                assert caught.value.partial.text == "".join(PIECES[:2])


async def test_a_stream_that_is_left_says_nothing(twin: Twin) -> None:
    with ScriptedServer(reply(answer(*PIECES))) as server:
        async with client_for(twin, server) as client:
            stream = client.stream("hi", response_format=City)
            partials = stream.partials()
            assert await anext(aiter(partials)) == GROWING[0]
            await stream.aclose()
            assert [partial async for partial in partials] == []


async def test_an_answer_that_begins_again_grows_again(twin: Twin) -> None:
    seen = threading.Event()
    broken = [head(200, CHUNKED), chunk(delta('{"name": "Lo')), wait_for(seen), hang_up]
    with ScriptedServer(broken, reply(answer(*PIECES))) as server:
        async with client_for(twin, server, retry=RetryPolicy(max_retries=1, base_delay=0.001)) as client:
            given = []
            async for partial in client.stream("hi", response_format=City, restart="again").partials():
                given.append(partial)
                seen.set()
            assert given == [{"name": "Lo"}, *GROWING]


async def test_other_choices_are_not_mixed_in(twin: Twin) -> None:
    other = data({"choices": [{"index": 1, "delta": {"content": "x"}, "finish_reason": "stop"}]})
    first, *rest = answer(*PIECES)
    with ScriptedServer(reply([first, other, *rest])) as server:
        async with client_for(twin, server) as client:
            stream = client.stream("hi", response_format=City, n=2)
            assert [partial async for partial in stream.partials()] == GROWING
            assert (await stream.result()).parsed == City("Paris", 2100000)


# -- tools -------------------------------------------------------------------------------------------------------------


async def test_an_answer_that_wants_tools_run_is_none_yet(twin: Twin) -> None:
    calls = [{"id": "c1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}]
    found = await chat(twin, whole("", tool_calls=calls), response_format=City, tools=[Tool("weather")])
    assert found.parsed is None
    assert found.tool_calls[0].name == "weather"


def of_a_tool(*pieces: str, name: str = "City") -> list[bytes]:
    first = {"index": 0, "id": "c1", "type": "function", "function": {"name": name, "arguments": pieces[0]}}
    rest = [delta(tool_calls=[{"index": 0, "function": {"arguments": piece}}]) for piece in pieces[1:]]
    return [delta(tool_calls=[first]), *rest, delta(finish="tool_calls"), *answer()[1:]]


async def test_a_tool_that_stands_for_the_answer_is_seen_by_nobody(twin: Twin) -> None:
    with ScriptedServer(reply(of_a_tool(*PIECES))) as server:
        async with client_for(twin, server, "openai") as client:
            stream = client.stream("hi", response_format=City, model="gpt-4")
            assert [partial async for partial in stream.partials()] == GROWING
            found = await stream.result()
            assert found.parsed == City("Paris", 2100000)
            assert (found.text, found.tool_calls, found.finish_reason) == (PARIS, (), "stop")
            assert found.choices[0].raw_finish_reason == "tool_calls"
            events = [event async for event in client.stream("hi", response_format=City, model="gpt-4")]
            assert not any(isinstance(event, ToolCallDelta) for event in events)
            assert "".join(event.text for event in events) == PARIS
            assert (events[-1].finish_reason, events[-1].response.text) == ("stop", PARIS)
        assert server.requests[0].json()["tool_choice"] == "required"


async def test_nor_in_an_answer_that_is_not_streamed(twin: Twin) -> None:
    calls = [{"id": "c1", "type": "function", "function": {"name": "City", "arguments": PARIS}}]
    found = await chat(
        twin, whole("", tool_calls=calls), provider="openai", response_format=City, model="gpt-4", reask=1
    )
    assert (found.parsed, found.text, found.finish_reason) == (City("Paris", 2100000), PARIS, "stop")


async def test_beside_it_other_tools_are_called(twin: Twin) -> None:
    with ScriptedServer(reply(of_a_tool("{}", name="weather")), reply(of_a_tool(*PIECES))) as server:
        async with client_for(twin, server, "openai") as client:
            asked = {"response_format": City, "model": "gpt-4", "tools": [Tool("weather")]}
            found = await client.stream("hi", **asked).result()
            assert (found.parsed, found.finish_reason) == (None, "tool_calls")
            assert found.tool_calls[0].name == "weather"
            assert (await client.stream("hi", **asked).result()).parsed == City("Paris", 2100000)


@tool
def weather(city: str) -> str:
    """The weather in a city."""
    return f"fine in {city}"


@pytest.mark.parametrize("model", ["gpt-4o", "gpt-4"])
async def test_the_last_answer_of_a_loop_is_of_the_form(twin: Twin, model: str) -> None:
    """By JSON Schema, and by a tool that is seen by nobody, beside one that is run."""
    last = of_a_tool(*PIECES) if model == "gpt-4" else answer(*PIECES)
    with ScriptedServer(
        reply(of_a_tool('{"city": "Rome"}', name="weather")), reply(last), reply(answer("{}"))
    ) as server:
        async with client_for(twin, server, "openai") as client:
            run = client.run_tools("hi", tools=[weather], response_format=City, model=model)
            found = await run.result()
            assert found.parsed == City("Paris", 2100000)
            assert [message.role for message in run.messages] == ["user", "assistant", "tool", "assistant"]
            assert run.messages[-1].text == PARIS
            with pytest.raises(OutputValidationError):
                await client.run_tools("hi", tools=[weather], response_format=City, model=model).result()


async def test_a_model_that_says_it_in_words_is_understood(twin: Twin) -> None:
    found = await chat(twin, whole(PARIS), provider="openai", response_format=City, model="gpt-4")
    assert found.parsed == City("Paris", 2100000)


async def test_a_stream_of_a_tool_is_resumed(twin: Twin) -> None:
    seen = threading.Event()
    broken = [head(200, CHUNKED), *map(chunk, of_a_tool(*PIECES)[:2]), wait_for(seen), hang_up]
    with ScriptedServer(broken, reply(of_a_tool(*PIECES))) as server:
        async with client_for(twin, server, "openai", retry=RetryPolicy(max_retries=1, base_delay=0.001)) as client:
            stream = client.stream("hi", response_format=City, model="gpt-4", restart="resume")
            given = []
            async for partial in stream.partials():
                given.append(partial)
                if len(given) == 2:
                    seen.set()
            assert given == GROWING
            assert (await stream.result()).parsed == City("Paris", 2100000)


# -- strict schemas ----------------------------------------------------------------------------------------------------


async def test_what_may_be_left_out_may_come_as_null(twin: Twin) -> None:
    found = await chat(twin, whole('{"name": "Rome", "people": null}'), provider="openai", response_format=City)
    assert found.parsed == City("Rome")
    error = await refused(twin, whole('{"name": null, "people": null}'), provider="openai")
    assert error.path == "name"
