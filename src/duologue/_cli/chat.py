"""`duologue chat`: ask, and show the answer while it comes.

`run(options)` gives the exit code: 1 where the stream ended in an error, which then is on standard error. Raises
`UsageError` for all that is wrong before anything is sent. However it is left, by Ctrl-C too, the connection is closed.
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING, Any

import attrs

from duologue import AsyncClient, Client
from duologue._cli.prompt import checked, read_prompt
from duologue._cli.terminal import UsageError, complain, takes_any_text
from duologue._cli.view import Lines, Live, Text
from duologue._core.environ import config_from_env
from duologue._probe import ollama_models
from duologue.config import ClientConfig
from duologue.errors import DuologueError
from duologue.events import Error
from duologue.models import ChatRequest, Message

if TYPE_CHECKING:
    import argparse

    from duologue import AsyncStream, Stream
    from duologue._cli.view import View
    from duologue.events import StreamEvent


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    try:
        request = _request(options)
        client: Any = (AsyncClient if options.use_async else Client)(_config(options))
        stream = client.stream(request, raise_errors=False)
    except (DuologueError, ValueError) as error:
        raise UsageError(str(error)) from error
    view = _view(options)
    last = asyncio.run(_follow_async(client, stream, view)) if options.use_async else _follow(client, stream, view)
    if isinstance(last, Error):
        complain(str(last.error))
        return 1
    return 0


def _follow(client: Client, stream: Stream, view: View) -> StreamEvent | None:
    """Show every event; give the last one."""
    event = None
    try:
        with client, stream:
            for event in stream:
                view.show(event)
    finally:
        view.end()
    return event


async def _follow_async(client: AsyncClient, stream: AsyncStream, view: View) -> StreamEvent | None:
    """The same in the async twin."""
    event = None
    try:
        async with client, stream:
            async for event in stream:
                view.show(event)
    finally:
        view.end()
    return event


def _request(options: argparse.Namespace) -> ChatRequest:
    messages = [Message.user(checked(read_prompt(options.prompt, sys.stdin), "the prompt"))]
    if options.system is not None:
        messages.insert(0, Message.system(checked(options.system, "--system")))
    return ChatRequest(messages, temperature=options.temperature, max_tokens=options.max_tokens)


def _config(options: argparse.Namespace) -> ClientConfig:
    """As the environment tells, unless a provider is named. An address alone is what `OPENAI_BASE_URL` is."""
    if options.provider is not None:
        config = ClientConfig(provider=options.provider)
    else:
        address = {"OPENAI_BASE_URL": options.base_url} if options.base_url else {}
        config = config_from_env({**os.environ, **address}, ollama_models)
    return attrs.evolve(config, model=options.model or config.model, base_url=options.base_url or config.base_url)


def _view(options: argparse.Namespace) -> View:
    out = takes_any_text(sys.stdout)
    if options.json:
        return Lines(out)
    if out.isatty():
        return Live(out, raw=options.raw)
    return Text(out, cut_short=options.max_tokens is not None)
