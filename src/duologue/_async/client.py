"""The client: where a call begins."""

from __future__ import annotations

import os
from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar, overload

from duologue._async.http import AsyncRoad
from duologue._async.stream import AsyncStream
from duologue._async.tools import AsyncToolRun
from duologue._core.call import Call, check_reask, make_request
from duologue._core.catalog import model_info
from duologue._core.checking import Health, make_probe
from duologue._core.endpoint import resolve
from duologue._core.environ import config_from_env
from duologue._probe import ollama_models
from duologue._tools.bounds import Bounds
from duologue._tools.talk import Talk
from duologue.config import ClientConfig, make_config, within
from duologue.errors import OutputValidationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Unpack

    import httpx

    from duologue._core.restart import Restart
    from duologue._methods import Prompt
    from duologue._middleware import Middleware
    from duologue._params import ChatParams
    from duologue._parsed import ParsedResponse
    from duologue.config import Limits, RetryPolicy, Timeouts
    from duologue.models import (
        AudioContent,
        ChatRequest,
        ChatResponse,
        FileContent,
        ImageContent,
        ModelInfo,
        ResponseFormat,
        ToolCall,
    )

T = TypeVar("T")
Media = TypeVar("Media", bound="ImageContent | FileContent | AudioContent")


class AsyncClient:
    """Talks to one provider. Safe to share, and a context manager.

    Args:
        provider: a name out of the provider table, `name:model`, or a whole `ClientConfig`, then none of its fields.
        model, api_key, base_url, timeouts, retry, limits, headers, options, middleware: the fields of `ClientConfig`.
        http_client: an `httpx.AsyncClient` of the caller's, which is then not closed here.

    Raises:
        ConfigurationError: the provider is unknown, its key is missing, or something else cannot work.
    """

    def __init__(
        self,
        provider: str | ClientConfig = "openai",
        *,
        model: str | None = None,
        api_key: str | None = None,
        base_url: str | None = None,
        timeouts: Timeouts | float | None = None,
        retry: RetryPolicy | None = None,
        limits: Limits | None = None,
        http_client: httpx.AsyncClient | None = None,
        headers: Mapping[str, str] | None = None,
        options: Mapping[str, Any] | None = None,
        middleware: Middleware | Iterable[Middleware] | None = None,
    ) -> None:
        fields = {"model": model, "api_key": api_key, "base_url": base_url, "headers": headers, "options": options}
        knobs = {"timeouts": timeouts, "retry": retry, "limits": limits, "middleware": middleware}
        self._config = make_config(provider, **knobs, **fields)
        self._endpoint = resolve(self._config, os.environ)
        self._road = AsyncRoad(self._config, self._endpoint, http_client)
        self._health: tuple[float, Health] | None = None

    @classmethod
    def from_env(cls, **fields: Any) -> Self:
        """A client for the first provider that the environment has a key for, OpenAI, Anthropic, Gemini, DeepSeek,
        OpenRouter and Bedrock before an Ollama that answers within half a second, and the others after it; for the
        embedded model where there is none.

        Args:
            fields: fields of `ClientConfig` that count before what the environment says.

        Raises:
            ConfigurationError: a variable or a field is wrong.
        """
        return cls(config_from_env(os.environ, ollama_models, **fields))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {getattr(self, '_endpoint', 'that was never made')}>"

    @overload
    def stream(
        self,
        prompt: Prompt | ChatRequest,
        *,
        response_format: type[T],
        raise_errors: bool = True,
        restart: Restart | None = None,
        **params: Unpack[ChatParams],
    ) -> AsyncStream[ParsedResponse[T]]: ...

    @overload
    def stream(
        self,
        prompt: Prompt | ChatRequest,
        *,
        response_format: Mapping[str, Any],
        raise_errors: bool = True,
        restart: Restart | None = None,
        **params: Unpack[ChatParams],
    ) -> AsyncStream[ParsedResponse[Any]]: ...

    @overload
    def stream(
        self,
        prompt: Prompt | ChatRequest,
        *,
        response_format: ResponseFormat | str | None = None,
        raise_errors: bool = True,
        restart: Restart | None = None,
        **params: Unpack[ChatParams],
    ) -> AsyncStream: ...

    def stream(
        self, prompt: Prompt | ChatRequest, *, raise_errors: bool = True, restart: Restart | None = None, **params: Any
    ) -> AsyncStream[Any]:
        """The answer's events as they arrive; iterating over it opens the connection.

        Args:
            prompt: what the user says, a message, several, or a whole `ChatRequest`.
            raise_errors: whether a loop that asks for more after an `Error` gets it raised.
            restart: what to do where the line breaks after events were given, by the rules of `RetryPolicy`. None: end
                with the error. `again`: ask again, and give the new answer from its `Start`; what came before is to be
                dropped. `resume`: ask again, and give only what goes beyond what was given; where the new answer
                differs from that, end with the first error.
            params: fields of `ChatRequest`.

        Raises:
            TypeError, ValueError: a parameter is unknown or wrong.
            UnsupportedError: the provider or the model cannot take it.
        """
        call = self._call(prompt, params, stream=True, restart=restart)
        return AsyncStream(self._road, call, raise_errors=raise_errors)

    @overload
    async def chat(
        self,
        prompt: Prompt | ChatRequest,
        *,
        response_format: type[T],
        reask: int = 0,
        **params: Unpack[ChatParams],
    ) -> ParsedResponse[T]: ...

    @overload
    async def chat(
        self,
        prompt: Prompt | ChatRequest,
        *,
        response_format: Mapping[str, Any],
        reask: int = 0,
        **params: Unpack[ChatParams],
    ) -> ParsedResponse[Any]: ...

    @overload
    async def chat(
        self,
        prompt: Prompt | ChatRequest,
        *,
        response_format: ResponseFormat | str | None = None,
        reask: int = 0,
        **params: Unpack[ChatParams],
    ) -> ChatResponse: ...

    async def chat(self, prompt: Prompt | ChatRequest, *, reask: int = 0, **params: Any) -> ChatResponse:
        """The whole answer at once; arguments as for `stream`.

        Args:
            prompt: as for `stream`.
            reask: how often to ask again, telling the model what is wrong, where an answer is not of the form that
                `response_format` asks for. A refusal and an answer that was cut are not asked for again. `usage` is
                that of all answers.
            params: as for `stream`.

        Raises:
            OutputValidationError: the answer is not of that form.
            DuologueError: what went wrong.
            TypeError, ValueError: a parameter is unknown or wrong.
        """
        call = self._call(prompt, params, stream=False)
        asks = check_reask(reask, call)
        try:
            while True:
                try:
                    return await AsyncStream(self._road, call).result()
                except OutputValidationError as error:
                    if not asks or not error.retryable:
                        raise
                    call, asks = call.again(error, monotonic()), asks - 1
        finally:
            del call  # an error's traceback would hold it, and it may hold the error

    @overload
    def run_tools(
        self,
        prompt: Prompt | ChatRequest,
        tools: Iterable[Any] | None = None,
        *,
        response_format: type[T],
        max_rounds: int = 10,
        max_calls: int | None = None,
        max_total_tokens: int | None = None,
        max_parallel: int = 8,
        timeout: float | None = None,
        tool_timeout: float | None = None,
        approve: Callable[[ToolCall], Any] | None = None,
        raise_errors: bool = True,
        restart: Literal["resume"] | None = None,
        **params: Any,
    ) -> AsyncToolRun[ParsedResponse[T]]: ...

    @overload
    def run_tools(
        self,
        prompt: Prompt | ChatRequest,
        tools: Iterable[Any] | None = None,
        *,
        response_format: Mapping[str, Any],
        max_rounds: int = 10,
        max_calls: int | None = None,
        max_total_tokens: int | None = None,
        max_parallel: int = 8,
        timeout: float | None = None,
        tool_timeout: float | None = None,
        approve: Callable[[ToolCall], Any] | None = None,
        raise_errors: bool = True,
        restart: Literal["resume"] | None = None,
        **params: Any,
    ) -> AsyncToolRun[ParsedResponse[Any]]: ...

    @overload
    def run_tools(
        self,
        prompt: Prompt | ChatRequest,
        tools: Iterable[Any] | None = None,
        *,
        response_format: ResponseFormat | str | None = None,
        max_rounds: int = 10,
        max_calls: int | None = None,
        max_total_tokens: int | None = None,
        max_parallel: int = 8,
        timeout: float | None = None,
        tool_timeout: float | None = None,
        approve: Callable[[ToolCall], Any] | None = None,
        raise_errors: bool = True,
        restart: Literal["resume"] | None = None,
        **params: Any,
    ) -> AsyncToolRun: ...

    def run_tools(
        self,
        prompt: Prompt | ChatRequest,
        tools: Iterable[Any] | None = None,
        *,
        max_rounds: int = 10,
        max_calls: int | None = None,
        max_total_tokens: int | None = None,
        max_parallel: int = 8,
        timeout: float | None = None,
        tool_timeout: float | None = None,
        approve: Callable[[ToolCall], Any] | None = None,
        raise_errors: bool = True,
        restart: Literal["resume"] | None = None,
        **params: Any,
    ) -> AsyncToolRun[Any]:
        """The whole conversation as it happens: the model is asked, the tools that it calls are run, their results go
        back to it, and so on until it calls none.

        A call that does not fit, an unknown tool, and a tool that fails or takes too long are told to the model. No
        call is run twice, also where a request is made again. Blocking tools run in threads, coroutine functions in an
        event loop.

        Args:
            prompt: as for `stream`.
            tools: functions, or what `duologue.tool` makes of them.
            max_rounds: the most requests to the model.
            max_calls: the most calls of tools, all in all.
            max_total_tokens: the tokens of all answers together after which no more is asked.
            max_parallel: the most calls that run at once.
            timeout: the seconds for all of it.
            tool_timeout: the seconds for a call, where the tool itself does not say.
            approve: is asked before each call that would be run; True lets it run, a string is the reason why not. A
                coroutine function is taken by the client of an event loop only.
            raise_errors, restart: as for `stream`; with `again`, nobody could tell a new answer from the next one.
            params: fields of `ChatRequest`. A `tool_choice` that makes the model call one holds for the first answer.

        Raises:
            TypeError, ValueError: a parameter is unknown or wrong, or a tool is no function.
            UnsupportedError: the provider or the model cannot take it.
        """
        bounds = Bounds(
            max_rounds=max_rounds,
            max_calls=max_calls,
            max_total_tokens=max_total_tokens,
            max_parallel=max_parallel,
            timeout=timeout,
            tool_timeout=tool_timeout,
        )
        if restart not in (None, "resume"):
            raise ValueError(f'restart must be None or "resume" in a loop with tools; got {restart!r}')
        talk = Talk(make_request(prompt, {**params, "tools": tools}), bounds)

        def ask(request: ChatRequest, seconds: float) -> AsyncStream[Any]:
            call = self._call(request, {}, stream=True, restart=restart, seconds=seconds)
            return AsyncStream(self._road, call, raise_errors=False)

        run: AsyncToolRun[Any] = AsyncToolRun(talk, bounds, ask, approve, raise_errors=raise_errors)
        self._road.runs.add(run)
        return run

    async def check(self, *, max_age: float = 300, timeout: float = 10) -> Health:
        """Whether the provider answers and takes the key: it is asked for its list of models, which costs nothing, or
        for a single token where it has none. What goes wrong is in `error` and not raised.

        Where that list is public, as those of Hugging Face and NVIDIA are, a wrong key is not noticed, unless the
        provider's row has a `key_path` that is asked instead, as OpenRouter's has.

        Args:
            max_age: the seconds for which an outcome is kept and given again; 0 to ask anew.
            timeout: the seconds for an answer.

        Raises:
            ClosedError: the client is closed, or was in the meantime.
        """
        from duologue._async.check import check

        self._road.check_open()
        if self._health is not None and monotonic() - self._health[0] < max_age:
            return self._health[1]

        async def ask() -> object:
            call = self._call("Hi", {"max_tokens": 1}, stream=False, seconds=timeout)
            return await AsyncStream(self._road, call).result()

        probe = make_probe(self._endpoint, self._config.headers, timeout, monotonic())
        health = await check(self._road, probe, ask, self._endpoint.provider.name)
        self._health = monotonic(), health
        return health

    async def fetch(self, part: Media, *, max_bytes: int = 20 * 1024 * 1024, timeout: float = 10) -> Media:
        """An image, file or recording with the data that its `url` points at, for a provider that takes data only. One
        with data comes back as it is.

        Only an address of HTTPS in the open internet is fetched, and so is each that it leads to; nothing of the
        client's goes along, neither keys nor headers nor proxies. What nobody asks to fetch is left to the provider.

        Args:
            part: an `ImageContent`, `FileContent` or `AudioContent`.
            max_bytes: the most that it may have.
            timeout: the seconds for all of it.

        Raises:
            FetchError: the address is not to be fetched, or what is there cannot be taken.
            TransportError: the line failed, or it took too long.
            ClosedError: the client is closed, or was in the meantime.
        """
        from duologue._async.fetch import fetch

        self._road.check_open()
        return await fetch(self._road, part, max_bytes, timeout)

    def model_info(self, model: str | None = None) -> ModelInfo:
        """What is known of a model, by default the client's own; `known` is False where that is nothing."""
        return model_info(self._endpoint.provider, model or self._endpoint.model)

    async def aclose(self, *, grace: float = 0) -> None:
        """Close the connections. Nothing more can be asked, from the first moment on.

        Args:
            grace: the seconds that streams which are open, a fetch and a check have to come to their end. What is under
                way after that ends with a `ClosedError`.
        """
        await self._road.aclose(grace)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def _call(
        self, prompt: Any, params: dict[str, Any], *, stream: bool, restart: str | None = None, seconds: float = inf
    ) -> Call:
        self._road.check_open()
        request = make_request(prompt, params)
        config = self._config if seconds == inf else within(self._config, seconds)
        return Call(config, self._endpoint, request, stream=stream, now=monotonic(), restart=restart)
