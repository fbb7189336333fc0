"""One call: what is refused before anything is sent, and what happens between its requests."""

from __future__ import annotations

import json
from typing import Any

import attrs
import httpx
import pytest

from duologue import __version__
from duologue._core import call as module
from duologue._core.call import Call, make_request
from duologue._core.endpoint import resolve
from duologue.config import ClientConfig, RetryPolicy, Timeouts
from duologue.errors import (
    ClosedError,
    ConfigurationError,
    ConnectError,
    RateLimitError,
    StreamInterrupted,
    StreamTimeout,
    UnsupportedError,
)
from duologue.events import Error
from duologue.models import ChatRequest, FileContent, Message, Tool
from tests.dialects.reading import DONE, SSE, choice, chunk, data


def call(prompt: Any = "hi", *, stream: bool = True, config: dict[str, Any] | None = None, **params: Any) -> Call:
    setup = ClientConfig(**{"api_key": "sk-test", "retry": RetryPolicy(jitter=False), **(config or {})})
    return Call(setup, resolve(setup, {}), make_request(prompt, params), stream=stream, now=100.0)


# -- before anything is sent -------------------------------------------------------------------------------------------


def test_no_messages() -> None:
    with pytest.raises(ValueError, match="no messages"):
        call([])


def test_a_choice_of_no_tool() -> None:
    with pytest.raises(ValueError, match=r"^tool_choice is one of auto, f, none, required; got 'requird'$"):
        call(tools=[Tool("f")], tool_choice="requird")
    for word in ("auto", "none", "required", "f", None):
        assert call(tools=[Tool("f")], tool_choice=word).body
    assert call(tools=[Tool("f")], tool_choice="web_search", extra={"tools": []}).body
    assert call(tool_choice="anything").body


def test_no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    config = ClientConfig(api_key="k")
    endpoint = attrs.evolve(resolve(config, {}), model=None)
    with pytest.raises(ConfigurationError, match="name a model: OpenAI has no default one"):
        Call(config, endpoint, ChatRequest("hi"), stream=True, now=0)
    assert Call(config, endpoint, ChatRequest("hi", model="m"), stream=True, now=0).body


def test_what_the_provider_s_row_refuses() -> None:
    groq = {"provider": "groq:m"}
    assert call(config=groq, n=1).body
    with pytest.raises(UnsupportedError, match=r"^Groq takes no n: it gives one answer"):
        call(config=groq, n=2)
    with pytest.raises(UnsupportedError, match=r"^Z\.ai takes no tool_choice\.required"):
        call(config={"provider": "zai:m"}, tools=[Tool("f")], tool_choice="required")


def test_options_go_along_as_headers() -> None:
    given = {"site_url": "https://h", "app_name": "My app"}
    asked = call(config={"provider": "openrouter:m", "options": given, "headers": {"X-Title": "Other"}})
    headers = asked.headers(asked.endpoint, 0)
    assert (headers["http-referer"], headers["x-title"]) == ("https://h", "Other")


@pytest.mark.parametrize(("status", "said", "delay"), [(429, "false", None), (400, "true", 0.5), (400, None, None)])
def test_the_provider_says_whether_to_ask_again(status: int, said: str | None, delay: float | None) -> None:
    asked = call(stream=False)
    asked.begin_request(0)
    asked.exchange.begin(status, {} if said is None else {"x-should-retry": said})
    [event] = asked.exchange.close()
    assert asked.after([event], 0) == ([] if delay else [event], delay)
    assert isinstance(event, Error)
    assert event.error.retryable is (said == "true")


def test_a_model_that_does_not_stream() -> None:
    with pytest.raises(UnsupportedError, match=r"o1-pro does not stream: use chat\(\)"):
        call(model="o1-pro")
    call(model="o1-pro", stream=False)
    call(model="o3")
    call(model="o1-pro", config={"provider": "llamacpp"})


def test_an_unknown_dialect() -> None:
    config = ClientConfig(api_key="k")
    endpoint = resolve(config, {})
    endpoint = attrs.evolve(endpoint, provider=attrs.evolve(endpoint.provider, dialect="morse"))
    with pytest.raises(ConfigurationError, match="unknown dialect"):
        Call(config, endpoint, ChatRequest("hi"), stream=True, now=0)


@pytest.mark.parametrize("params", [{"wings": 2}, {"messages": []}, {"temprature": 1}])
def test_unknown_parameters(params: dict[str, Any]) -> None:
    with pytest.raises(TypeError) as caught:
        make_request("hi", params)
    assert str(caught.value).startswith(
        f"unknown parameter {next(iter(params))!r}; known ones: extra, frequency_penalty, "
    )
    with pytest.raises(TypeError, match="unknown parameter 'a', 'b'"):
        make_request("hi", {"b": 1, "a": 2})


@pytest.mark.parametrize("extra", [{"x": {1, 2}}, {"x": float("nan")}, {"x": object()}, {"x": b"y"}])
def test_what_json_cannot_say(extra: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="the request holds what JSON cannot say"):
        call(extra=extra)


@pytest.mark.parametrize("prompt", [5, None, b"hi", [5]])
def test_a_prompt_that_is_none(prompt: Any) -> None:
    with pytest.raises(TypeError, match="messages must"):
        make_request(prompt, {})


def test_requests() -> None:
    message = Message.user("hi")
    for prompt in ("hi", message, [message], ({"role": "user", "content": "hi"},), ChatRequest("hi")):
        assert make_request(prompt, {"temperature": 1}) == ChatRequest("hi", temperature=1)
    assert make_request(ChatRequest("hi", seed=1), {"seed": 2}) == ChatRequest("hi", seed=2)
    assert make_request("hi", {"tools": None, "stop": None}) == ChatRequest("hi")
    assert make_request("hi", {"tools": [{"name": "f"}]}).tools == (Tool("f"),)


# -- what is sent ------------------------------------------------------------------------------------------------------


def test_the_request() -> None:
    asked = call("hi", model="m")
    assert asked.path == "/chat/completions"
    assert asked.body == (
        b'{"model":"m","messages":[{"role":"user","content":"hi"}],"stream":true,"stream_options":{"include_usage":true}}'
    )
    assert asked.headers(asked.endpoint, 0.0) == {
        "accept": "text/event-stream",
        "accept-encoding": "gzip, deflate",
        "content-type": "application/json",
        "user-agent": f"duologue/{__version__}",
        "authorization": "Bearer sk-test",
    }
    assert call(stream=False).headers(asked.endpoint, 0.0)["accept"] == "application/json"


def test_what_a_caller_switches_on_switches_nothing_off() -> None:
    request = ChatRequest(Message.user(FileContent(file_id="file_1")))
    asked = call(request, config={"provider": "anthropic", "headers": {"Anthropic-Beta": "own-2026"}})
    assert asked.headers(asked.endpoint, 0.0)["anthropic-beta"] == "files-api-2025-04-14,own-2026"
    asked = call(config={"provider": "anthropic", "headers": {"Anthropic-Beta": "own-2026"}})
    assert asked.headers(asked.endpoint, 0.0)["anthropic-beta"] == "own-2026"


def test_the_callers_own_headers_win() -> None:
    asked = call(config={"headers": {"X-Team": "blue", "User-Agent": "mine", "Authorization": "Basic x"}})
    headers = asked.headers(asked.endpoint, 0.0)
    assert (headers["x-team"], headers["user-agent"], headers["authorization"]) == ("blue", "mine", "Basic x")
    assert all(name == name.lower() for name in headers)


def test_timeouts() -> None:
    asked = call(config={"timeouts": Timeouts(connect=1, first_event=2, idle=3, progress=4)})
    assert asked.begin_request(100.0) == {"connect": 1, "pool": 1, "write": 3, "read": 2}
    asked = call(config={"timeouts": 5})
    assert asked.begin_request(102.0) == {"connect": 3, "pool": 3, "write": 120, "read": 3}
    asked = call(config={"timeouts": Timeouts(None, None, None, None, None)})
    assert asked.begin_request(102.0) == {"connect": None, "pool": None, "write": None, "read": None}


# -- between requests --------------------------------------------------------------------------------------------------


def error_of(events: list[Any]) -> Any:
    [event] = events
    assert isinstance(event, Error)
    return event.error


def test_a_retry_begins_anew() -> None:
    asked = call()
    asked.begin_request(100.0)
    first = asked.exchange
    first.begin(429, {"retry-after": "3"})
    error = error_of(first.close())
    assert isinstance(error, RateLimitError)
    assert asked.after([], 101.0) == ([], 3)
    assert error.attempts == 1
    asked.begin_request(104.0)
    assert asked.exchange is not first
    asked.exchange.begin(200, SSE)
    events = asked.exchange.feed(data(chunk(choice("stop", content="x"))) + DONE)
    assert events[-1].is_done
    assert asked.after([], 105.0) == ([], None)
    assert asked.attempts == 2


def test_nothing_is_retried_after_an_event_was_given() -> None:
    asked = call()
    asked.begin_request(100.0)
    asked.exchange.begin(200, SSE)
    asked.exchange.feed(data(chunk(choice(content="x"))))
    asked.delivered = True
    error = error_of(asked.failed(httpx.ReadError("x"), begun=True))
    assert isinstance(error, StreamInterrupted)
    assert asked.after([], 101.0) == ([], None)
    assert error.attempts == 1


def test_nothing_is_retried_where_the_time_is_up() -> None:
    for total, delay in ((2, 0.5), (1.4, None)):
        asked = call(config={"timeouts": total})
        asked.begin_request(100.0)
        asked.failed(httpx.ConnectError("x"), begun=False)
        assert asked.after([], 101.0) == ([], delay)


def test_nor_too_often() -> None:
    asked = call(config={"retry": RetryPolicy(max_retries=1, jitter=False)})
    for attempts, delay in ((1, 0.5), (2, None)):
        asked.begin_request(100.0)
        error = error_of(asked.failed(httpx.ConnectError("x"), begun=False))
        assert asked.after([], 100.0) == ([], delay)
        assert error.attempts == attempts


@pytest.mark.parametrize(("begun", "phase"), [(False, "first_event"), (True, "idle")])
def test_a_failure_of_the_line(begun: bool, phase: str) -> None:
    asked = call()
    asked.begin_request(100.0)
    if begun:
        asked.deadlines.bytes_came(101.0)
    reason = httpx.ReadTimeout("x")
    error = error_of(asked.failed(reason, begun=begun))
    assert isinstance(error, StreamTimeout)
    assert error.phase == phase
    assert error.__cause__ is reason
    assert asked.failed(reason, begun=begun) == []


def test_other_failures() -> None:
    own = ClosedError("x")
    assert error_of(call().failed(own, begun=False)) is own
    with pytest.raises(KeyError):
        call().failed(KeyError("a bug"), begun=False)
    assert isinstance(error_of(call().failed(httpx.ConnectError("x"), begun=False)), ConnectError)


def test_overdue() -> None:
    asked = call(config={"timeouts": Timeouts(first_event=5)})
    assert asked.overdue(104.9) == []
    error = error_of(asked.overdue(105.0))
    assert isinstance(error, StreamTimeout)
    assert (error.phase, error.message) == ("first_event", "nothing came for too long (first_event)")
    asked = call(config={"timeouts": Timeouts(None, None, None, None, None)})
    assert asked.overdue(1e9) == []


def test_a_server_that_the_table_does_not_know_is_not_held_to_its_end_marker() -> None:
    for base_url, ends in ((None, False), ("https://h/v1", True)):
        asked = call(config={"base_url": base_url})
        asked.exchange.begin(200, SSE)
        asked.exchange.feed(data(chunk(choice("stop", content="x"))))
        assert asked.exchange.close()[-1].is_done is ends


@pytest.mark.parametrize(
    ("base_url", "model"),
    [
        ("https://generativelanguage.googleapis.com/v1beta/openai/", "gemini-3-flash-preview"),
        ("https://api.anthropic.com/v1/", "claude-opus-4-6"),
    ],
)
def test_chat_completions_of_those_who_have_another_format_too(base_url: str, model: str) -> None:
    """https://ai.google.dev/gemini-api/docs/openai and https://platform.claude.com/docs/en/api/openai-sdk, with what
    Gemini wants back of a call."""
    config = {"base_url": base_url, "model": model}
    asked = call(config=config, max_tokens=9)
    assert f"{asked.endpoint.base_url}{asked.path}" == f"{base_url}chat/completions"
    assert asked.headers(asked.endpoint, 0.0)["authorization"] == "Bearer sk-test"
    assert {"stream_options", "max_completion_tokens"} <= json.loads(asked.body).keys()  # both take both
    signed = {
        "id": "c",
        "type": "function",
        "function": {"name": "f", "arguments": "{}"},
        "extra_content": {"google": {"thought_signature": "s"}},
    }
    asked.exchange.begin(200, SSE)
    asked.exchange.feed(data(chunk(choice("tool_calls", tool_calls=[{"index": 0, **signed}]))))
    assert asked.exchange.close()[-1].is_done
    answer = asked.exchange.response.message
    [_, back, _] = json.loads(call(["hi", answer, Message.tool("c", "r")], config=config).body)["messages"]
    assert back == {"role": "assistant", "content": None, "tool_calls": [signed]}


def test_every_parameter_is_a_field() -> None:
    assert {field.name for field in attrs.fields(ChatRequest)} - module._FIELDS == {"messages"}
