"""Telling which item an event is about."""

from __future__ import annotations

from typing import Any

from duologue._dialects.openai_responses.items import CONTENT, SUMMARY, Item, Items, Said


def item(kind: str = "message", **fields: Any) -> dict[str, Any]:
    return {"type": kind, **fields}


def about(items: Items, event: dict[str, Any], kind: str = "message") -> Item:
    return items.about(event, kind)


def test_by_index() -> None:
    items = Items()
    first, second = items.added({"output_index": 0}, item()), items.added({"output_index": 1}, item())
    assert (first.index, second.index) == (0, 1)
    assert about(items, {"output_index": 0}) is first
    assert items.ended({"output_index": 1}, item()) is second
    assert items.final([item(), item()]) == [first, second]


def test_by_id() -> None:
    items = Items()
    reasoning = items.added({}, item("reasoning", id="rs_1"))
    call = items.added({}, item("function_call", call_id="fc_1"))
    other = items.added({}, item("function_call", call_id="fc_2"))
    assert [found.index for found in (reasoning, call, other)] == [0, 1, 2]
    assert about(items, {"item_id": "fc_1"}, "function_call") is call
    assert items.ended({}, item("reasoning", id="rs_1")) is reasoning
    whole = [item("function_call", call_id="fc_2"), item("function_call", call_id="fc_1")]
    assert items.final(whole) == [other, call]


def test_an_id_goes_before_an_index_that_drifts() -> None:
    items = Items()
    first = items.added({"output_index": 0}, item(id="a"))
    second = items.added({"output_index": 1}, item(id="b"))
    assert about(items, {"output_index": 0, "item_id": "b"}) is second
    assert items.ended({"output_index": 5}, item(id="a")) is first


def test_ids_that_change_under_a_steady_index() -> None:
    items = Items()
    first = items.added({"output_index": 0}, item(id="a"))
    assert about(items, {"output_index": 0, "item_id": "b"}) is first
    assert items.ended({"output_index": 0}, item(id="c")) is first
    assert items.final([item(id="d")]) == [first]


def test_one_index_for_every_item() -> None:
    items = Items()
    first = items.added({"output_index": 0}, item("function_call", id="a"))
    second = items.added({"output_index": 0}, item("function_call", id="b"))
    assert (first.index, second.index) == (0, 1)
    assert about(items, {"output_index": 0, "item_id": "a"}, "function_call") is first
    assert about(items, {"output_index": 0, "item_id": "b"}, "function_call") is second
    assert about(items, {"output_index": 0}, "function_call") is second, "the latest"
    first.done = True
    assert items.ended({"output_index": 0}, item(id="c")).index == 2


def test_pieces_at_the_index_of_an_item_of_another_kind() -> None:
    """LiteLLM begins the message alone; its thoughts have the same index, and a new id each time."""
    items = Items()
    message = items.added({"output_index": 0}, item(id="a"))
    thoughts = about(items, {"output_index": 0, "item_id": "b"}, "reasoning")
    assert thoughts.index == 1
    assert about(items, {"output_index": 0, "item_id": "c"}, "reasoning") is thoughts
    assert about(items, {"output_index": 0, "item_id": "a"}) is message
    assert about(items, {"output_index": 0, "item_id": "d"}) is message
    assert items.final([item("reasoning", id="x"), item(id="y")]) == [thoughts, message]


def test_one_id_for_several_items() -> None:
    items = Items()
    thoughts = items.added({"output_index": 0}, item("reasoning", id="a"))
    first = items.added({"output_index": 1}, item("function_call", id="a"))
    second = items.added({"output_index": 2}, item("function_call", id="a"))
    assert [found.index for found in (thoughts, first, second)] == [0, 1, 2]
    assert about(items, {"output_index": 1, "item_id": "a"}, "function_call") is first
    assert about(items, {"output_index": 9, "item_id": "a"}, "function_call") is first, "the latest"
    assert items.ended({"output_index": 1}, item("function_call", id="a")) is first
    assert items.ended({"output_index": 0}, item("reasoning", id="a")) is thoughts
    whole = [item(kind, id="a") for kind in ("function_call", "reasoning", "function_call", "reasoning")]
    assert items.final(whole)[:3] == [first, thoughts, second]


def test_one_id_for_items_that_only_end() -> None:
    for places in ((0, 1), (None, None)):
        items = Items()
        first = items.ended({"output_index": places[0]}, item("shell_call", call_id="c"))
        first.done = True
        second = items.ended({"output_index": places[1]}, item("shell_call_output", call_id="c"))
        assert (first.index, second.index) == (0, 1)
        assert items.ended({"output_index": places[0]}, item("shell_call", call_id="c")).index in (0, 2)


def test_a_beginning_said_twice_is_one() -> None:
    items = Items()
    first = items.added({"output_index": 0}, item(id="a"))
    assert items.added({"output_index": 0}, item(id="a")) is first
    first.done = True
    assert items.ended({"output_index": 0}, item(id="a")) is first
    assert items.added({"output_index": 0}, item(id="a")).index == 1


def test_without_a_beginning() -> None:
    items = Items()
    first = about(items, {"output_index": 4, "item_id": "a"})
    assert first.index == 4
    assert about(items, {"item_id": "new"}) is first, "the open one goes on"
    assert items.added({"output_index": 4}, item(id="x")) is first
    assert items.ended({"output_index": 7}, item(id="y")).index == 7
    assert about(items, {"output_index": 8}).index == 8
    nameless = about(items, {"output_index": 9})
    assert items.ended({}, item()) is nameless
    guessed = about(items, {"output_index": 10, "item_id": "z"})
    assert items.ended({}, item("novel", id="z")) is guessed, "its kind was only guessed"


def test_without_index_and_id() -> None:
    items = Items()
    assert about(items, {}).index == 0
    first = items.added({}, item())
    assert first.index == 1
    assert about(items, {}) is first
    assert items.ended({}, item()) is first
    first.done = True
    assert items.ended({}, item()).index == 2
    thoughts = items.added({}, item("reasoning"))
    message = items.added({}, item())
    assert items.ended({}, item("reasoning")) is thoughts, "the open one of the kind"
    assert about(items, {}) is message
    assert items.ended({}, item("novel")).index == 5, "another kind is another item"


def test_the_whole_answer_has_an_item_more() -> None:
    items = Items()
    thoughts = items.added({"output_index": 0}, item("reasoning", id="a"))
    found = items.final([item(id="b"), item(id="c"), item("reasoning", id="a"), item(id="d")])
    assert found[2] is thoughts
    assert [one.index for one in found] == [1, 2, 0, 3]


def test_a_text_and_what_is_left_of_it() -> None:
    said = Said()
    assert said.rest("") == ""
    said.add("He")
    said.add("l")
    assert said.rest("Hello") == "lo"
    assert said.rest("Hello") == "lo", "asking gives nothing away"
    assert said.rest("Help") == "p"
    assert said.rest("Ha, another one") == said.rest("H") == said.rest("Hel") == ""


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
