"""A key does not show itself anywhere."""

from __future__ import annotations

import contextlib
import copy
import json
import logging
import pickle
import pprint
import traceback
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from duologue import AsyncClient, Client, ClientConfig, Message, to_dict, to_json
from duologue._core.call import Call, make_request
from duologue._core.endpoint import Endpoint, resolve
from duologue._secret import Secret
from duologue.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

CANARY = "sk-canary-0123456789abcdef"


def test_reveal() -> None:
    assert Secret(CANARY).reveal() == CANARY
    assert Secret(f"  {CANARY}\n").reveal() == CANARY


def test_equality() -> None:
    assert Secret(CANARY) == Secret(CANARY)
    assert Secret(CANARY) != Secret("other")
    assert Secret(CANARY) != CANARY
    assert len({Secret(CANARY), Secret(CANARY)}) == 1


CONFIG = ClientConfig(api_key=CANARY, headers={"x-key": CANARY})
ENDPOINT = resolve(CONFIG, {})


def holders(config: ClientConfig) -> dict[str, Callable[[], Any]]:
    """All that holds a key, made with this."""
    endpoint = resolve(config, {})
    return {
        "Secret": lambda: Secret(CANARY),
        "ClientConfig": lambda: config,
        "Endpoint": lambda: endpoint,
        "Client": lambda: Client(config),
        "AsyncClient": lambda: AsyncClient(config),
        "Stream": lambda: Client(config).stream("hi"),
        "AsyncStream": lambda: AsyncClient(config).stream("hi"),
        "Call": lambda: Call(config, endpoint, make_request("hi", {}), stream=True, now=0.0),
    }


HOLDERS = holders(CONFIG)


@pytest.mark.parametrize("holder", HOLDERS)
def test_printing(holder: str) -> None:
    value = HOLDERS[holder]()
    shown = [repr(value), str(value), f"{value}", format(value), pprint.pformat(value), "%s %r" % (value, value)]  # noqa: UP031 - as a logger does it
    shown += [repr([value]), repr({"a": value})]
    assert CANARY not in "".join(shown)


@pytest.mark.parametrize("holder", ["Secret", "ClientConfig", "Endpoint"])
def test_copying_out(holder: str) -> None:
    value = HOLDERS[holder]()
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="not pickled"):
            pickle.dumps(value, protocol)
    with pytest.raises(TypeError):
        json.dumps(value)
    with pytest.raises(TypeError, match="__dict__"):
        vars(value)


@pytest.mark.parametrize("holder", HOLDERS)
def test_nothing_that_holds_a_key_gives_it_away(holder: str) -> None:
    """By whichever way a debugger, a cache or a crash report looks into it. Headers of the caller's own are his to take
    apart."""
    value = holders(attrs.evolve(CONFIG, headers={}))[holder]()
    seen = [repr(getattr(value, name, "")) for name in ("__dict__", *slots(value))]
    for write in (pickle.dumps, to_dict, to_json, json.dumps, attrs.asdict, attrs.astuple):
        with contextlib.suppress(*REFUSED):
            seen.append(repr(write(value)))
    assert CANARY not in "".join(seen)


# What cannot be taken apart, or is no class of models with names that can be looked up.
REFUSED = (TypeError, NameError, attrs.exceptions.NotAnAttrsClassError)


def slots(value: object) -> list[str]:
    """The names of what it holds; a Secret keeps its own under one that says so."""
    return [name for cls in type(value).__mro__ for name in getattr(cls, "__slots__", ()) if name != "_value"]


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_a_copy_holds_the_same_key(copied: Callable[[Any], Any]) -> None:
    key = Secret(CANARY)
    assert copied(key) is key
    assert copied(CONFIG).api_key is CONFIG.api_key
    assert copied(ENDPOINT).api_key is ENDPOINT.api_key


def test_taking_apart() -> None:
    assert CANARY not in repr(attrs.asdict(ENDPOINT))
    assert CANARY not in repr(attrs.astuple(ENDPOINT))
    given = attrs.asdict(attrs.evolve(CONFIG, headers={}))
    assert CANARY not in repr(given)


BAD_KEYS = [
    "",
    " \n",
    f"{CANARY}\r\nx: y",
    f"{CANARY}\n{CANARY}",
    f"{CANARY}\0",
    f"{CANARY}’",  # noqa: RUF001 - as a word processor makes it
    f"{CANARY}\x7f",
    f"{CANARY}\u2028x",
    CANARY.encode(),
    5,
    [CANARY],
]


@pytest.mark.parametrize("key", BAD_KEYS, ids=range(len(BAD_KEYS)))
@pytest.mark.parametrize(
    "make",
    [Secret, lambda key: ClientConfig(api_key=key), lambda key: Client(api_key=key)],
    ids=["Secret", "config", "client"],
)
def test_keys_that_cannot_be_sent(make: Callable[[Any], object], key: Any) -> None:
    with pytest.raises(ConfigurationError, match="api_key") as caught:
        make(key)
    text = "".join(traceback.format_exception(caught.value))
    assert CANARY not in text
    assert CANARY not in repr(vars(caught.value))


def test_a_bad_key_of_the_environment_is_not_shown_either() -> None:
    with pytest.raises(ConfigurationError) as caught:
        resolve(ClientConfig(), {"OPENAI_API_KEY": f"{CANARY}\nx"})
    assert CANARY not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    "base_url",
    [
        CANARY,
        f"https://{CANARY}@host/v1",
        f"https://user:{CANARY}@host/v1",
        f"https://host/v1?key={CANARY}",
        f"https://host/v1#{CANARY}",
        f"https://host:{CANARY}/v1",
        f"https://[{CANARY}]/v1",
    ],
)
def test_a_key_in_an_address_is_not_shown(base_url: str) -> None:
    with pytest.raises(ConfigurationError, match="base_url") as caught:
        resolve(ClientConfig(api_key="x", base_url=base_url), {})
    assert CANARY not in "".join(traceback.format_exception(caught.value))


def test_a_header_that_cannot_be_sent_is_not_shown() -> None:
    with pytest.raises(ConfigurationError, match="x-key") as caught:
        ClientConfig(headers={"x-key": f"{CANARY}\n"})
    assert CANARY not in "".join(traceback.format_exception(caught.value))


def test_nothing_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    Call(CONFIG, ENDPOINT, make_request([Message.user("a canary prompt")], {}), stream=True, now=0.0)
    assert caplog.text == ""


def test_only_the_header_has_it() -> None:
    assert Endpoint(ENDPOINT.provider, "https://h", Secret(CANARY), None).headers() == {
        "authorization": f"Bearer {CANARY}"
    }
    assert Endpoint(ENDPOINT.provider, "https://h", None, None).headers() == {}
