"""Which call a piece of one belongs to; what servers make of it is in `test_decode`."""

from __future__ import annotations

import pytest

from duologue._dialects.openai_chat.calls import Call, Calls


@pytest.mark.parametrize(
    ("pieces", "whole"),
    [
        ([], False),
        ([""], False),
        (["{}"], True),
        (['{"a"', ":1}", " "], False),
        (['{"a"', ":1} "], True),
        (['{"a":{"b":1}'], False),
        (["}"], False),
        (["{" * 100_000, "}"], False),
        (['{"a":' * 100_000 + "1" + "}" * 100_000], False),
    ],
)
def test_whether_arguments_are_whole(pieces: list[str], whole: bool) -> None:
    call = Call(0)
    call.arguments += pieces
    assert call.is_whole() is whole


def test_calls_are_numbered_in_the_order_of_their_first_pieces() -> None:
    calls = Calls()
    assert [calls.find(index, None, None).number for index in (5, 2, 5, 0, 2)] == [0, 1, 0, 2, 1]


def test_a_piece_without_anything_begins_the_first_call_and_goes_on_with_the_last() -> None:
    calls = Calls()
    first = calls.find(None, None, None)
    assert calls.find(None, None, None) is first
    second = calls.find(None, None, "f")
    assert second is not first
    assert calls.find(None, None, None) is second
