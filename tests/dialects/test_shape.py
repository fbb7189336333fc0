"""Reading JSON whose shape is not sure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from duologue._dialects.shape import (
    a_count,
    a_string,
    an_array,
    an_index,
    an_object,
    kind_of,
    objects,
    path_segment,
    string_or_none,
)
from duologue.errors import DecodeError

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("function", "value", "found"),
    [
        (an_object, {"a": 1}, {"a": 1}),
        (an_array, [1], [1]),
        (an_array, None, []),
        (a_string, "x", "x"),
        (a_string, None, ""),
    ],
)
def test_what_was_asked_for(function: Callable[[Any, str], Any], value: Any, found: Any) -> None:
    assert function(value, "path") == found


@pytest.mark.parametrize(
    ("function", "value", "message"),
    [
        (an_object, None, "a.b: expected an object, got null"),
        (an_object, [], "a.b: expected an object, got list"),
        (an_array, {}, "a.b: expected an array, got dict"),
        (an_array, "x", "a.b: expected an array, got str"),
        (a_string, 1, "a.b: expected a string, got int"),
        (a_string, False, "a.b: expected a string, got bool"),
    ],
)
def test_what_was_not(function: Callable[[Any, str], Any], value: Any, message: str) -> None:
    with pytest.raises(DecodeError) as caught:
        function(value, "a.b")
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("function", "value", "found"),
    [
        (objects, [{"a": 1}, 2, None, {}], [{"a": 1}, {}]),
        (objects, {"a": 1}, []),
        (objects, None, []),
        (string_or_none, "x", "x"),
        (string_or_none, "", None),
        (string_or_none, 1, None),
        (an_index, 3, 3),
        (an_index, 0, 0),
        (an_index, True, None),
        (an_index, "3", None),
        (an_index, 3.0, None),
        (kind_of, None, "null"),
        (kind_of, 1.5, "float"),
    ],
)
def test_what_may_be_anything(function: Callable[[Any], Any], value: Any, found: Any) -> None:
    assert function(value) == found


@pytest.mark.parametrize("counts", [None, [], "x", {}, {"n": None}])
def test_a_count_that_is_not_there(counts: Any) -> None:
    assert a_count(counts, "n") == 0


@pytest.mark.parametrize(
    ("name", "segment"),
    [
        ("gpt-4o", "gpt-4o"),
        ("amazon.nova-lite-v1:0", "amazon.nova-lite-v1%3A0"),
        ("a/../b?c#d%2f", "a%2F..%2Fb%3Fc%23d%252f"),
        (".", "%2E"),
        ("..", "%2E%2E"),
        ("a b\r\n", "a%20b%0D%0A"),
    ],
)
def test_a_name_is_one_segment_of_a_path(name: str, segment: str) -> None:
    assert path_segment(name) == segment
    url = httpx.URL(f"https://example.invalid/v1/models/{path_segment(name)}:go")
    assert url.raw_path.decode() == f"/v1/models/{segment}:go"
