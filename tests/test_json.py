"""JSON, read strictly and written compactly."""

from __future__ import annotations

import base64
import json
import random
import sys
import tracemalloc
from typing import Any

import pytest

from duologue import _json
from duologue._json import Base64, dumps, find_quick, loads
from duologue.errors import DecodeError
from tests.kit.corpora import Vector, each, input_of


@pytest.fixture(params=["quick", "plain"], autouse=True)
def reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """With msgspec, and without."""
    if request.param == "plain":
        monkeypatch.setattr(_json, "_quick", None)
    assert (_json._quick is None) is (request.param == "plain")
    return str(request.param)


@each("json")
def test_vectors(vector: Vector) -> None:
    """Bytes that are no UTF-8 never come this far: the frames replace them, so what is in a string is accepted."""
    text = input_of(vector).decode("utf-8", "replace")
    try:
        loads(text)
    except DecodeError:
        assert vector["expect"] in ("reject", "either")
    else:
        assert vector["expect"] in ("accept", "either")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not JSON: Expecting value at character 0 of 0"),
        ('{"secret": canary}', "not JSON: Expecting value at character 11 of 18"),
        ('"canary', "not JSON: Unterminated string starting at at character 0 of 7"),
        ("{} canary", "not JSON: Extra data at character 3 of 9"),
        ("NaN", "not JSON: NaN is not JSON"),
        ("[-Infinity]", "not JSON: -Infinity is not JSON"),
        ("[1e999]", "not JSON: a number is too large"),
        ("[" * 100_000, "JSON nested too deeply"),
        ('{"a":' * 100_000, "JSON nested too deeply"),
    ],
)
def test_errors_name_the_place_and_not_the_text(text: str, message: str) -> None:
    with pytest.raises(DecodeError) as caught:
        loads(text)
    assert str(caught.value) == message
    assert caught.value.__suppress_context__


def test_where_it_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("msgspec", "msgspec.json"):
        monkeypatch.setitem(sys.modules, name, None)
    assert find_quick() is None


NUMBERS = ["0", "-0", "1e5", "1E-400", "123456789012345678901234567890", "18446744073709551616", "-9223372036854775809"]
OTHERS = [
    '"\\ud83d\\ude42"',
    '"\\ud800"',
    '"\\u0000"',
    '"\x7f"',
    '"\u2028"',
    "[]",
    "{}",
    '{"a":1,"a":2}',
    " [1 , 2]\n",
    "null",
]


@pytest.mark.parametrize("seed", range(4))
def test_both_readers_say_the_same(seed: int) -> None:
    draw = random.Random(seed)
    drawn = [repr(draw.uniform(-1, 1) * 10.0 ** draw.randrange(-320, 308)) for _ in range(500)]
    drawn += [str(draw.randrange(-(10**30), 10**30)) for _ in range(200)]
    for text in [*NUMBERS, *OTHERS, *drawn]:
        assert repr(loads(text)) == repr(json.loads(text))


def test_a_number_too_long_for_python() -> None:
    with pytest.raises(DecodeError, match="not JSON"):
        loads("1" * 5000)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"a": [1, 2.5, None, True]}, b'{"a":[1,2.5,null,true]}'),
        ("é\u2028🙂", '"é\u2028🙂"'.encode()),
        ("half \ud83d a pair", b'"half \\ud83d a pair"'),
        ("\ud83d\ude42", b'"\\ud83d\\ude42"'),
    ],
)
def test_written(data: Any, text: bytes) -> None:
    assert dumps(data) == text


def test_half_a_surrogate_pair_goes_back_as_it_came() -> None:
    assert dumps(loads('"\\ud83d"')) == b'"\\ud83d"'


@pytest.mark.parametrize(("data", "error"), [({1j}, TypeError), (float("nan"), ValueError), (object(), TypeError)])
def test_what_json_cannot_say(data: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        dumps(data)


def test_what_is_too_deep_or_endless() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(ValueError, match="too deeply"):
        dumps(deep)
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(ValueError, match="Circular"):
        dumps(endless)


# -- Base64 ------------------------------------------------------------------------------------------------------------


def test_base64_in_what_is_nested_too_deeply() -> None:
    nested: Any = Base64(b"abc")
    for _ in range(100_000):
        nested = [nested]
    with pytest.raises(ValueError, match="nested too deeply"):
        dumps([Base64(b""), nested])
    with pytest.raises(ValueError, match="nested too deeply"):
        dumps(nested)


@pytest.mark.parametrize("size", [0, 1, 2, 3, 49_151, 49_152, 49_153, 200_000])
def test_bytes_become_base64_when_they_are_written(size: int) -> None:
    data = random.Random(size).randbytes(size)
    text = base64.b64encode(data).decode()
    head = 'data:odd/"type"\ud83d\n;base64,'
    given = {"é\ud83d": [Base64(data), "between", Base64(data, head)], "b": Base64(b"")}
    assert dumps(given) == dumps({"é\ud83d": [text, "between", head + text], "b": ""})
    assert Base64(data) == text
    assert Base64(data, head) == head + text


def test_base64_is_the_text_that_it_stands_for() -> None:
    blob = Base64(b"abc", "head,")
    assert blob == "head,YWJj" == str(blob)
    assert blob == Base64(b"abc", "head,")
    assert blob not in (Base64(b"abc"), "YWJj", 3, None)
    assert {blob: 1} == {Base64(b"abc", "head,"): 1}
    assert repr(blob) == "<3 bytes as Base64>"


def test_no_second_copy_in_memory() -> None:
    """Of what goes into a request there is the data and the request, and nothing beside them for long."""
    data = bytes(8 * 1024 * 1024)
    tracemalloc.start()
    try:
        body = dumps({"messages": [{"content": Base64(data)}]})
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1.3 * len(body)
    assert len(body) > 4 / 3 * len(data)
