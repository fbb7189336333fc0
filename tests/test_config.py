"""How a client is set up."""

from __future__ import annotations

import copy
import math
from typing import Any

import attrs
import pytest

from duologue import AsyncClient, Client, ClientConfig, ConfigurationError, Limits, RetryPolicy, Timeouts
from duologue._secret import Secret
from duologue.config import make_config
from duologue.errors import ConnectionLost

NUMBERS: dict[type, dict[str, tuple[Any, float, bool]]] = {
    # field: default, the least it may be, whether None is taken
    Timeouts: {
        "connect": (10, 0, True),
        "first_event": (300, 0, True),
        "idle": (120, 0, True),
        "progress": (600, 0, True),
        "total": (None, 0, True),
    },
    RetryPolicy: {
        "max_retries": (3, 0, False),
        "base_delay": (0.5, 0, False),
        "max_delay": (60, 0, False),
        "backoff_factor": (2, 1, False),
    },
    Limits: {
        "max_events": (None, 1, True),
        "max_bytes": (None, 1, True),
        "max_event_bytes": (64 * 1024 * 1024, 1, True),
        "max_concurrent": (None, 1, True),
        "max_connections": (1000, 1, True),
        "requests_per_minute": (None, 1, True),
    },
}
FIELDS = [(kind, field, *rest) for kind, fields in NUMBERS.items() for field, rest in fields.items()]
WHOLE = {"max_retries", *NUMBERS[Limits]}


def test_every_field_is_tried() -> None:
    for kind, numbers in NUMBERS.items():
        found = {field.name for field in attrs.fields(kind)} - {
            "jitter",
            "retry_on_status",
            "retry_on_error",
            "on_retry",
            "wait_for_reset",
        }
        assert found == numbers.keys()


@pytest.mark.parametrize(("kind", "field", "default", "least", "optional"), FIELDS)
def test_numbers(kind: type, field: str, default: Any, least: float, optional: bool) -> None:
    assert getattr(kind(), field) == default
    for value in (least, 7, *([] if field in WHOLE else [7.5])):
        assert getattr(kind(**{field: value}), field) == value
    bad: list[Any] = [least - 1, -0.001, math.nan, "5", True, [5], *([1.5, math.inf] if field in WHOLE else [])]
    for value in bad:
        with pytest.raises(ConfigurationError, match=field):
            kind(**{field: value})
    if optional:
        assert getattr(kind(**{field: None}), field) is None
    else:
        with pytest.raises(ConfigurationError, match=rf"^{field} must be a number of at least {least:g}; got None$"):
            kind(**{field: None})


def test_messages() -> None:
    with pytest.raises(ConfigurationError, match=r"^idle must be a number of at least 0 or None; got -1$"):
        Timeouts(idle=-1)
    with pytest.raises(ConfigurationError, match=r"^max_events must be a whole number; got 1.5$"):
        Limits(max_events=1.5)  # type: ignore[arg-type]  # what is refused


def test_flags() -> None:
    assert Limits().wait_for_reset is False
    assert Limits(wait_for_reset=True).wait_for_reset is True
    for value in (1, None, "yes"):
        with pytest.raises(ConfigurationError, match=r"^wait_for_reset must be True or False; got "):
            Limits(wait_for_reset=value)  # type: ignore[arg-type]  # what is refused


def test_retry_policy() -> None:
    assert RetryPolicy().retry_on_status == {408, 409, 429, 500, 502, 503, 504, 529}
    policy = RetryPolicy(retry_on_status=[418], retry_on_error=[ConnectionLost], jitter=False)
    assert policy.retry_on_status == frozenset({418})
    assert policy.retry_on_error == (ConnectionLost,)
    assert not policy.jitter


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("retry_on_status", 5, "a sequence of HTTP statuses; got 5"),
        ("retry_on_status", None, "a sequence of HTTP statuses; got None"),
        ("retry_on_status", "429", "a sequence of HTTP statuses; got '429'"),
        ("retry_on_status", ["429"], "integers; got '429'"),
        ("retry_on_status", [True], "integers; got True"),
        ("retry_on_status", [[429]], r"integers; got \[429\]"),
        ("retry_on_error", ValueError, "a sequence of classes of errors; got <class 'ValueError'>"),
        ("retry_on_error", ConnectionLost, "a sequence of classes of errors; got <class"),
        ("retry_on_error", 5, "a sequence of classes of errors; got 5"),
        ("retry_on_error", {ConnectionLost: 1}, "a sequence of classes of errors; got {"),
        ("retry_on_error", [ValueError], "subclasses of DuologueError; got <class 'ValueError'>"),
        ("retry_on_error", [ConnectionLost("x")], "subclasses of DuologueError; got ConnectionLost"),
    ],
)
def test_what_is_no_reason_to_retry(field: str, value: Any, words: str) -> None:
    with pytest.raises(TypeError, match=f"^{field} must (be|hold) {words}"):
        RetryPolicy(**{field: value})


def test_knobs_are_frozen_and_can_be_changed_in_a_copy() -> None:
    knobs: list[Any] = [Timeouts(), RetryPolicy(), Limits(), ClientConfig()]
    for knob in knobs:
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            knob.anything = 1
        assert attrs.evolve(knob) == knob
        assert not hasattr(knob, "__dict__")
    assert attrs.evolve(Timeouts(), idle=5) == Timeouts(idle=5)
    assert {Timeouts(), RetryPolicy(), Limits(), ClientConfig(headers={"a": "b"}, options={"c": []})}


def test_defaults() -> None:
    config = ClientConfig()
    assert config.provider == "openai"
    assert (config.model, config.api_key, config.base_url) == (None, None, None)
    assert (config.timeouts, config.retry, config.limits) == (Timeouts(), RetryPolicy(), Limits())
    assert (config.headers, config.options) == ({}, {})


@pytest.mark.parametrize("total", [5, 2.5, 0])
def test_a_number_is_the_total(total: float) -> None:
    assert ClientConfig(timeouts=total).timeouts == Timeouts(total=total)


def test_a_key_is_kept_secret() -> None:
    key = ClientConfig(api_key="sk-x").api_key
    assert isinstance(key, Secret)
    assert key.reveal() == "sk-x"
    assert ClientConfig(api_key=key).api_key is key


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_a_copy_is_the_same(copied: Any) -> None:
    config = ClientConfig(api_key="sk-x", headers={"a": "b"}, options={"c": [1]})
    twin = copied(config)
    assert twin == config
    assert twin is not config
    assert twin.api_key is config.api_key
    assert (twin.options["c"] is config.options["c"]) == (copied is copy.copy)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"provider": None}, "provider must be a str; got a NoneType"),
        ({"provider": 5}, "provider must be a str; got a int"),
        ({"model": 5}, "model must be a str or None; got a int"),
        ({"base_url": b"https://h"}, "base_url must be a str or None; got a bytes"),
        ({"timeouts": "5"}, "timeouts must be a Timeouts; got a str"),
        ({"timeouts": True}, "total must be a number"),
        ({"timeouts": -1}, "total must be a number"),
        ({"retry": 3}, "retry must be a RetryPolicy; got a int"),
        ({"limits": {}}, "limits must be a Limits; got a dict"),
        ({"options": ["a"]}, "options must be a Mapping; got a list"),
        ({"headers": [("a", "b")]}, "headers must be a mapping; got a list"),
        ({"headers": {5: "b"}}, "headers: 5 is no name of a header"),
        ({"headers": {"": "b"}}, "headers: '' is no name of a header"),
        ({"headers": {"a b": "b"}}, "headers: 'a b' is no name of a header"),
        ({"headers": {"a:": "b"}}, "headers: 'a:' is no name of a header"),
        ({"headers": {"a\r\nx": "b"}}, r"is no name of a header"),
        ({"headers": {"ä": "b"}}, "is no name of a header"),
        ({"headers": {"a": 5}}, "the value of 'a' must be a string of printable ASCII"),
        ({"headers": {"a": None}}, "the value of 'a' must be a string of printable ASCII"),
        ({"headers": {"a": "b\r\nc: d"}}, "the value of 'a' must be"),
        ({"headers": {"a": "b\n"}}, "the value of 'a' must be"),
        ({"headers": {"a": "b\0"}}, "the value of 'a' must be"),
        ({"headers": {"a": "é"}}, "the value of 'a' must be"),
        ({"headers": {"a": " b"}}, "the value of 'a' must be"),
        ({"headers": {"a": "b\t"}}, "the value of 'a' must be"),
    ],
)
def test_what_is_refused(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        ClientConfig(**fields)


@pytest.mark.parametrize("value", ["", "b", "a b\tc", "!~", "x" * 10_000])
def test_headers_that_can_be_sent(value: str) -> None:
    assert ClientConfig(headers={"X-Team_1": value}).headers == {"X-Team_1": value}


def test_a_config_or_its_fields() -> None:
    config = ClientConfig(provider="llamacpp", model="m")
    assert make_config("llamacpp", model="m", api_key=None) == config
    assert make_config(config, model=None, api_key=None) is config
    with pytest.raises(TypeError, match="give api_key, model inside the ClientConfig, not beside it"):
        make_config(config, api_key="k", model="x", base_url=None)
    with pytest.raises(TypeError):
        ClientConfig("llamacpp")  # type: ignore[call-arg]  # by name only


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_clients_take_both(kind: Any) -> None:
    given = kind("llamacpp", model="m", timeouts=5, headers={"a": "b"}, options={"allow_insecure": True})
    assert given._config == ClientConfig(
        provider="llamacpp", model="m", timeouts=5, headers={"a": "b"}, options={"allow_insecure": True}
    )
    assert kind(given._config)._config is given._config
    assert repr(given) == f"<{kind.__name__} llamacpp:m>"
