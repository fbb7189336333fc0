"""Reading JSON whose shape is not sure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from duologue._dialects.shape import (
    a_count,
    a_string,
    an_array,
    an_index,
    an_object,
    kind_of,
    objects,
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
