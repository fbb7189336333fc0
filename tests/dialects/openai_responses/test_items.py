"""Telling which item an event is about."""

from __future__ import annotations

from typing import Any

from duologue._dialects.openai_responses.items import CONTENT, SUMMARY, Item, Items


def item(kind: str = "message", **fields: Any) -> dict[str, Any]:
    return {"type": kind, **fields}


def test_by_index() -> None:
    items = Items()
    first, second = items.added({"output_index": 0}, item()), items.added({"output_index": 1}, item())
    assert (first.index, second.index) == (0, 1)
    assert items.about({"output_index": 0}) is first
    assert items.ended({"output_index": 1}, item()) is second
    assert items.final(0, item()) is first


def test_by_id() -> None:
    items = Items()
    reasoning = items.added({}, item("reasoning", id="rs_1"))
    call = items.added({}, item("function_call", call_id="fc_1"))
    other = items.added({}, item("function_call", call_id="fc_2"))
    assert [found.index for found in (reasoning, call, other)] == [0, 1, 2]
    assert items.about({"item_id": "fc_1"}) is call
    assert items.ended({}, item("reasoning", id="rs_1")) is reasoning
    assert items.final(1, item("function_call", call_id="fc_2")) is other


def test_ids_that_change_under_a_steady_index() -> None:
    items = Items()
    first = items.added({"output_index": 0}, item(id="a"))
    assert items.about({"output_index": 0, "item_id": "b"}) is first
    assert items.ended({"output_index": 0}, item(id="c")) is first
    assert items.final(0, item(id="d")) is first


def test_one_index_for_every_item() -> None:
    items = Items()
    first = items.added({"output_index": 0}, item("function_call", id="a"))
    second = items.added({"output_index": 0}, item("function_call", id="b"))
    assert (first.index, second.index) == (0, 1)
    assert items.about({"output_index": 0, "item_id": "a"}) is first
    assert items.about({"output_index": 0, "item_id": "b"}) is second
    first.done = True
    assert items.ended({"output_index": 0}, item(id="c")).index == 2


def test_a_beginning_said_twice_is_one() -> None:
    items = Items()
    first = items.added({"output_index": 0}, item(id="a"))
    assert items.added({"output_index": 0}, item(id="a")) is first


def test_without_a_beginning() -> None:
    items = Items()
    first = items.about({"output_index": 4, "item_id": "a"})
    assert first.index == 4
    assert items.about({"item_id": "new"}) is first, "the open one goes on"
    assert items.added({"output_index": 4}, item(id="x")) is first
    assert items.ended({"output_index": 7}, item(id="y")).index == 7
    assert items.about({"output_index": 8}).index == 8
    assert items.final(8, item(id="z")).index == 8, "its kind is not known yet"
    nameless = items.about({"output_index": 9})
    assert items.ended({}, item()) is nameless


def test_without_index_and_id() -> None:
    items = Items()
    assert items.about({}).index == 0
    first = items.added({}, item())
    assert first.index == 1
    assert items.about({}) is first
    assert items.ended({}, item()) is first
    first.done = True
    assert items.ended({}, item()).index == 2
    items.added({}, item())
    assert items.ended({}, item("reasoning")).index == 4, "another kind is another item"


def test_the_whole_answer_has_an_item_more() -> None:
    items = Items()
    items.added({"output_index": 0}, item("reasoning", id="a"))
    assert items.final(0, item("message", id="b")).index == 1
    assert items.final(5, item("message", id="c")).index == 5


def test_parts() -> None:
    found = Item(2)
    assert found.part(CONTENT, 1) is found.part(CONTENT, 1) is found.nth(CONTENT, 0)
    blocks = [found.part(SUMMARY, 0), found.part(SUMMARY, 1), found.part(CONTENT, 0), found.part(CONTENT, 1)]
    order = [part.block for part in blocks]
    assert order == sorted(set(order))
    assert 2000 <= order[0] <= order[-1] < found.last_block < Item(3).part(SUMMARY, 0).block
    assert found.part(CONTENT, 10**30).block < found.last_block
    assert found.part(SUMMARY, 10**30).block < order[2]
    assert found.part(SUMMARY, -5).block == order[0]
    fresh = Item(0)
    fresh.part(CONTENT, 1)
    assert fresh.nth(CONTENT, 1) is fresh.part(CONTENT, 2)
    assert Item(0).nth(CONTENT, 0).block == Item(0).part(CONTENT, 0).block
