"""Responses, from frames to events: what servers send, written by hand."""

from __future__ import annotations

import copy
import json
import random
from typing import TYPE_CHECKING, Any

import pytest

from duologue.errors import (
    APIError,
    BadRequestError,
    DecodeError,
    DuologueError,
    RateLimitError,
    ServerError,
    StreamTruncated,
)
from duologue.events import (
    ContentDelta,
    ReasoningDelta,
    RefusalDelta,
    Start,
    TextDelta,
    ToolCallDelta,
    Unknown,
    UsageUpdate,
)
from duologue.models import (
    CitationContent,
    ImageContent,
    ReasoningContent,
    RefusalContent,
    TextContent,
    ToolCall,
    UnknownContent,
)
from tests.dialects.openai_responses.reading import (
    CREATED,
    added,
    call,
    completed,
    done,
    ev,
    events,
    read,
    response,
    stream,
    text,
    whole,
)
from tests.dialects.reading import DONE, JSON, data, dumped

if TYPE_CHECKING:
    from collections.abc import Iterator

DELTA = "output_text.delta"


def delta(text: str, **fields: Any) -> dict[str, Any]:
    return ev(DELTA, delta=text, output_index=0, content_index=0, **fields)


def shell(item: dict[str, Any]) -> UnknownContent:
    """What stands for a message item."""
    return UnknownContent({key: value for key, value in item.items() if key != "content"})


# -- an answer ---------------------------------------------------------------------------------------------------------

ANSWER = [
    ev("created", response=response(status="in_progress", created_at=7, store=True, error=None)),
    ev("in_progress", response=response(status="in_progress", created_at=7, store=True)),
    added(0, "message", id="msg_1", role="assistant", status="in_progress", content=[]),
    ev("content_part.added", output_index=0, item_id="msg_1", content_index=0, part={"type": "output_text"}),
    delta("Hel", item_id="msg_1", sequence_number=3, obfuscation="xyz", logprobs=[]),
    delta("lo", item_id="msg_1"),
    ev("output_text.done", output_index=0, content_index=0, text="Hello", logprobs=[]),
    ev("content_part.done", output_index=0, content_index=0, part={"type": "output_text", "text": "Hello"}),
    done(0, text("Hello")),
    completed(text("Hello"), created_at=7, store=True, tier="x", usage={"input_tokens": 3, "output_tokens": 2}),
]


def test_an_answer() -> None:
    reading = events(*ANSWER)
    assert reading.events[:-2] == [
        Start("resp_1", "m-1", "openai-responses", {"created_at": 7, "store": True}),
        TextDelta("Hel", block=499),
        TextDelta("lo", block=499),
        ContentDelta(shell(text("Hello")), block=999),
        Unknown({"tier": "x"}),
    ]
    assert isinstance(reading.events[-2], UsageUpdate)
    assert (reading.done.finish_reason, reading.done.raw_finish_reason) == ("stop", "completed")
    assert reading.done.usage.total_tokens == 5
    assert reading.message.content == (TextContent("Hello"), shell(text("Hello")))
    assert reading.response.extra == {"created_at": 7, "store": True, "tier": "x"}
    assert reading.response.complete


def test_a_whole_answer() -> None:
    reading = read([dumped(ANSWER[-1]["response"])], headers=JSON, stream=False)
    streamed = events(*ANSWER)
    assert reading.response == streamed.response
    assert reading.events[0] == Start(
        "resp_1", "m-1", "openai-responses", {"created_at": 7, "store": True, "tier": "x"}
    )


def test_without_event_lines_and_with_comments() -> None:
    body = b": OPENROUTER PROCESSING\n\n" + b": x\n".join(map(data, ANSWER)) + DONE
    assert read([body]).events == events(*ANSWER).events


def test_the_kind_out_of_the_event_line() -> None:
    lines = [b"event: " + e["type"].encode() + b"\n" + data({**e, "type": None}) for e in ANSWER]
    assert read(lines).events == events(*ANSWER).events


def test_done_is_no_end() -> None:
    reading = read([*map(data, ANSWER[:-1]), DONE])
    assert isinstance(reading.error, StreamTruncated)
    assert reading.response.text == "Hello"


def test_without_the_last_event() -> None:
    reading = events(*ANSWER[:-1])
    assert isinstance(reading.error, StreamTruncated)
    assert not reading.response.complete


def test_the_end_alone() -> None:
    reading = events(completed(text("Hello")))
    assert reading.events[:-1] == [
        Start("resp_1", "m-1", "openai-responses"),
        TextDelta("Hello", block=499),
        ContentDelta(shell(text("Hello")), block=999),
    ]


def test_text_before_the_response() -> None:
    reading = events(delta("a"), completed(text("ab")))
    assert [type(event) for event in reading.events[:-1]] == [TextDelta, Start, TextDelta, ContentDelta]
    assert reading.response.text == "ab"
    assert reading.response.id == "resp_1"


def test_who_answers_may_be_told_later() -> None:
    nobody = response(status="in_progress", id=None, model="")
    reading = events(ev("created", response=nobody), completed(text("a")))
    assert reading.of(Start, Unknown) == [
        Start(None, None, "openai-responses"),
        Unknown({"id": "resp_1", "model": "m-1"}),
    ]
    assert (reading.response.id, reading.response.model) == ("resp_1", "m-1")


def test_usage_before_the_end() -> None:
    first, last = {"input_tokens": 3}, {"input_tokens": 3, "output_tokens": 2}
    head = response(status="in_progress", usage=first)
    reading = events(ev("created", response=head), ev("in_progress", response=head), completed(usage=last))
    assert [event.usage.raw for event in reading.of(UsageUpdate)] == [first, last]


def test_pings_without_data() -> None:
    lines = b"".join(b"event: keepalive\ndata:\n\n" + data(event) for event in ANSWER)
    assert read([lines]).events == events(*ANSWER).events


# -- text --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "ends",
    [
        [ev("output_text.done", output_index=0, content_index=0, text="Hello")],
        [ev("content_part.done", output_index=0, content_index=0, part={"type": "output_text", "text": "Hello"})],
        [done(0, text("Hello"))],
        [done(0, text()), completed(text("Hello"))],
        [done(0, text("He")), completed(text("Hello"))],
        [done(0, text("Hel")), delta("lo"), completed(text("Hello"))],
        [completed(text("Hello"))],
    ],
)
def test_what_the_pieces_left_out_comes_with_any_of_the_ends(ends: list[dict[str, Any]]) -> None:
    for pieces in ([], [delta("Hel")]):
        assert stream(*pieces, *ends).response.text == "Hello"


def test_an_end_that_says_something_else_adds_nothing() -> None:
    reading = stream(delta("Hello "), delta("there"), done(0, text("Hello, over there!")))
    assert reading.response.text == "Hello there"


def test_texts_without_pieces() -> None:
    reading = stream(ev("output_text.done", output_index=0, content_index=0, text="all"), done(0, text("all")))
    assert reading.of(TextDelta) == [TextDelta("all", block=499)]


def test_several_parts_and_messages_stay_apart() -> None:
    first, second = text("a", "b", id="msg_1", phase="commentary"), text("c", id="msg_2", phase="final_answer")
    streamed = stream(
        ev(DELTA, delta="c", output_index=1, content_index=0, item_id="msg_2"),
        ev(DELTA, delta="b", output_index=0, content_index=1, item_id="msg_1"),
        ev(DELTA, delta="a", output_index=0, content_index=0, item_id="msg_1"),
        done(1, second),
        done(0, first),
    )
    assert streamed.message.content == (
        TextContent("a"),
        TextContent("b"),
        shell(first),
        TextContent("c"),
        shell(second),
    )
    assert streamed.message == whole(first, second).message


def test_parts_counted_from_one() -> None:
    """Bedrock Mantle."""
    reading = stream(
        added(0, "message", id="m"),
        ev("content_part.added", output_index=0, content_index=1, part={"type": "output_text"}),
        ev(DELTA, delta="once", output_index=0, content_index=1),
        done(0, text("once", id="m")),
    )
    assert reading.response.text == "once"


def test_a_part_without_text_and_one_of_a_new_kind_stay_in_the_item() -> None:
    item = text("", "b")
    item["content"].append({"type": "novel", "x": 1})
    item["content"].append({"type": ["odd"]})
    streamed = stream(
        added(0, "message", id="msg_1"),
        *(
            ev("content_part.added", output_index=0, content_index=place, part={"type": kind})
            for place, kind in enumerate(["output_text", "output_text", "novel", ["odd"]])
        ),
        ev(DELTA, delta="b", output_index=0, content_index=1),
        done(0, item),
    )
    rest = [item["content"][place] for place in (0, 2, 3)]
    assert streamed.message.content == (TextContent("b"), UnknownContent({**item, "content": rest}))
    assert streamed.message == whole(item).message


def test_refusal() -> None:
    item = text(content=[{"type": "refusal", "refusal": "I cannot."}])
    pieces = [ev("refusal.delta", delta=piece, output_index=0, content_index=0) for piece in ("I can", "not.", "")]
    reading = stream(*pieces, ev("refusal.done", refusal="I cannot.", output_index=0, content_index=0), done(0, item))
    assert reading.of(RefusalDelta) == [RefusalDelta("I can", block=499), RefusalDelta("not.", block=499)]
    assert reading.message.content == (RefusalContent("I cannot."), shell(item))
    assert reading.response.finish_reason == "refusal"
    assert reading.message == whole(item).message


def test_thoughts_at_the_index_of_the_message() -> None:
    """LiteLLM begins the message alone, and names the items otherwise in the whole answer."""
    thoughts = {"type": "reasoning", "id": "rs_9", "summary": [{"type": "summary_text", "text": "Hm"}]}
    reading = stream(
        added(0, "message", id="msg_1"),
        ev("reasoning_summary_text.delta", output_index=0, summary_index=0, item_id="rs_1", delta="H"),
        ev("reasoning_summary_text.delta", output_index=0, summary_index=0, item_id="rs_2", delta="m"),
        delta("Hello", item_id="msg_1"),
        done(0, text("Hello", id="msg_1")),
        completed(thoughts, text("Hello", id="msg_9")),
    )
    assert (reading.message.reasoning, reading.response.text) == ("Hm", "Hello")
    assert reading.message.content.count(UnknownContent(thoughts)) == 1


def test_what_a_message_has_no_part_for_stays_in_its_item() -> None:
    thought = {"type": "reasoning_text", "text": "Hm"}
    item = text(content=[thought, {"type": "output_text", "text": "a", "annotations": [], "novel": 1, "parsed": None}])
    reading = stream(done(0, item), completed(item))
    assert reading.message.content == (
        ReasoningContent("Hm"),
        TextContent("a"),
        UnknownContent({**item, "content": [thought]}),
    )
    assert reading.of(Unknown) == [Unknown({"novel": 1}, 0)]
    assert reading.response.choices[0].extra == {"novel": 1}
    assert reading.message == whole(item).message


def test_a_part_that_is_left_out() -> None:
    nothing = [ev(f"content_part.{word}", output_index=0, content_index=0, part=None) for word in ("added", "done")]
    assert stream(*nothing, done(0, text("a"))).response.text == "a"


def test_citations() -> None:
    notes = [{"type": "url_citation", "url": f"https://{n}", "start_index": n, "end_index": 9} for n in range(3)]
    item = text("cited", "more")
    item["content"][0]["annotations"] = notes[:2]
    item["content"][1]["annotations"] = notes[2:]
    spot = {"output_index": 0, "content_index": 0}
    streamed = stream(
        ev(DELTA, delta="cited", **spot),
        ev("output_text.annotation.added", annotation=None, annotation_index=0, **spot),
        ev("output_text.annotation.added", annotation=notes[0], annotation_index=0, **spot),
        ev(DELTA, delta="more", output_index=0, content_index=1),
        done(0, item),
    )
    citations = [CitationContent(url=f"https://{n}", start=n, end=9, raw=notes[n]) for n in range(3)]
    assert streamed.message.content == (
        TextContent("cited"),
        *citations[:2],
        TextContent("more"),
        citations[2],
        shell(item),
    )
    assert streamed.message == whole(item).message


def test_logprobs() -> None:
    tokens = [{"token": token, "logprob": -0.5} for token in "abc"]
    item = text("abc")
    item["content"][0]["logprobs"] = tokens
    streamed = stream(delta("a", logprobs=tokens[:1]), delta("b", logprobs=tokens[1:2]), done(0, item))
    assert streamed.of(Unknown) == [Unknown({"logprobs": {"content": [token]}}, 0) for token in tokens]
    assert streamed.response.choices[0].extra == {"logprobs": {"content": tokens}}
    assert streamed.response.choices == whole(item).response.choices
    late = stream(ev("output_text.done", output_index=0, content_index=0, text="abc", logprobs=tokens), done(0, item))
    assert late.response == streamed.response


# -- reasoning ---------------------------------------------------------------------------------------------------------

REASONING = {
    "type": "reasoning",
    "id": "rs_1",
    "summary": [{"type": "summary_text", "text": "One."}, {"type": "summary_text", "text": "Two."}],
    "content": [{"type": "reasoning_text", "text": "Hm"}, {"type": "novel"}],
    "encrypted_content": "gAAA",
}


def test_reasoning() -> None:
    reading = stream(
        added(0, "reasoning", id="rs_1", summary=[], encrypted_content="unfinished"),
        ev("reasoning_summary_part.added", output_index=0, summary_index=0, part={"type": "summary_text", "text": ""}),
        ev("reasoning_summary_text.delta", output_index=0, summary_index=0, delta="On"),
        ev("reasoning_summary_text.delta", output_index=0, summary_index=0, delta="e."),
        ev("reasoning_summary_text.done", output_index=0, summary_index=0, text="One."),
        ev("reasoning_summary_part.done", output_index=0, summary_index=0, part={"type": "summary_text"}),
        ev("reasoning_part.added", output_index=0, content_index=0, part={"type": "reasoning_text"}),
        ev("reasoning_text.delta", output_index=0, content_index=0, delta="Hm"),
        ev("reasoning_text.done", output_index=0, content_index=0, text="Hm"),
        ev("reasoning_part.done", output_index=0, content_index=0, part={"type": "reasoning_text"}),
        done(0, REASONING),
    )
    assert [event.text for event in reading.of(ReasoningDelta)] == ["On", "e.", "Hm", "Two."]
    assert reading.message.content == (
        ReasoningContent("One."),
        ReasoningContent("Two."),
        ReasoningContent("Hm"),
        UnknownContent(REASONING),
    )
    assert reading.message == whole(REASONING).message


@pytest.mark.parametrize("name", ["reasoning", "reasoning_text", "reasoning_summary", "reasoning_summary_text"])
def test_the_names_of_reasoning(name: str) -> None:
    place = {"output_index": 0, "summary_index" if "summary" in name else "content_index": 0}
    key, kind = ("summary", "summary_text") if "summary" in name else ("content", "reasoning_text")
    reading = stream(
        ev(f"{name}.delta", delta="H", **place),
        ev(f"{name}.done", text="Hm", **place),
        done(0, {"type": "reasoning", "id": "rs_1", key: [{"type": kind, "text": "Hm"}]}),
    )
    assert reading.of(ReasoningDelta)[0].text == "H"
    assert reading.message.reasoning == "Hm"


def test_an_empty_summary_without_pieces() -> None:
    parts = [{"type": "summary_text", "text": text} for text in ("", "Two.")]
    reading = stream(
        *(ev("reasoning_summary_part.added", output_index=0, summary_index=n, part=parts[0]) for n in (0, 1)),
        ev("reasoning_summary_text.delta", output_index=0, summary_index=1, delta="Two."),
        ev("reasoning_summary_part.done", output_index=0, summary_index=1, part=parts[1]),
        done(0, {"type": "reasoning", "id": "rs_1", "summary": parts}),
    )
    assert reading.message.reasoning == "Two."


# -- calls -------------------------------------------------------------------------------------------------------------

CALLED = {"item": {"id": "fc_1", "status": "completed"}, "output_index": 0}


def test_a_call() -> None:
    item = call('{"a":1}', status="completed")
    reading = stream(
        ev("output_item.added", output_index=0, item={**item, "arguments": "", "status": "in_progress"}),
        ev("function_call_arguments.delta", output_index=0, item_id="fc_1", delta='{"a"'),
        ev("function_call_arguments.delta", output_index=0, item_id="fc_1", delta=":1}"),
        ev("function_call_arguments.done", output_index=0, item_id="fc_1", arguments='{"a":1}', name="f"),
        done(0, item),
    )
    assert reading.of(ToolCallDelta) == [
        ToolCallDelta(0, "c1", "f", extra={"item": {"id": "fc_1", "status": "in_progress"}, "output_index": 0}),
        ToolCallDelta(0, arguments='{"a"'),
        ToolCallDelta(0, arguments=":1}"),
        ToolCallDelta(0, extra=CALLED),
    ]
    assert reading.message.tool_calls == (ToolCall("c1", "f", '{"a":1}', extra=CALLED),)
    assert reading.response.finish_reason == "tool_calls"
    assert reading.done.raw_finish_reason == "completed"
    assert reading.message == whole(item).message


def test_arguments_without_pieces() -> None:
    """LM Studio."""
    item = call('{"a":1}')
    reading = stream(
        ev("output_item.added", output_index=0, item={**item, "arguments": ""}),
        ev("function_call_arguments.done", output_index=0, item_id="fc_1", arguments='{"a":1}'),
        done(0, item),
    )
    assert reading.message.tool_calls[0].arguments == '{"a":1}'
    assert reading.message == whole(item).message


def test_arguments_said_at_the_beginning_and_again() -> None:
    item = call('{"a":1}')
    reading = stream(
        ev("output_item.added", output_index=0, item=item),
        ev("function_call_arguments.delta", output_index=0, delta='{"a":1}'),
        done(0, item),
    )
    assert reading.message.tool_calls[0].arguments == '{"a":1}'


def test_arguments_as_an_object() -> None:
    reading = stream(done(0, call({"a": 1})))
    assert reading.message.tool_calls[0].parsed() == {"a": 1}


def test_arguments_in_pieces_and_then_as_an_object() -> None:
    reading = stream(
        ev("output_item.added", output_index=0, item=call("")),
        ev("function_call_arguments.delta", output_index=0, delta='{"a":1}'),
        ev("function_call_arguments.done", output_index=0, arguments={"a": 1}),
        done(0, call({"a": 1})),
    )
    assert reading.message.tool_calls[0].arguments == '{"a":1}'


def test_a_call_that_changes_after_its_end_is_the_one_that_ended() -> None:
    reading = stream(done(0, call("")), completed(call('{"a":1}', id="fc_9", status="completed")))
    assert reading.message.tool_calls == (
        ToolCall("c1", "f", '{"a":1}', extra={"item": {"id": "fc_1"}, "output_index": 0}),
    )


def test_two_calls_of_one_id() -> None:
    first, second = call('{"a":1}', call_id="same", id="same"), call('{"a":2}', call_id="same", id="same")
    streamed = stream(
        ev("output_item.added", output_index=0, item={**first, "arguments": ""}),
        ev("output_item.added", output_index=1, item={**second, "arguments": ""}),
        ev("function_call_arguments.delta", output_index=0, item_id="same", delta='{"a":1}'),
        ev("function_call_arguments.delta", output_index=1, item_id="same", delta='{"a":2}'),
        done(0, first),
        done(1, second),
        completed(first, second),
    )
    assert [c.parsed() for c in streamed.message.tool_calls] == [{"a": 1}, {"a": 2}]
    assert streamed.message == whole(first, second).message


def test_arguments_of_a_call_that_is_not_the_callers() -> None:
    item = {"type": "mcp_call", "id": "mcp_1", "name": "f", "arguments": "{}"}
    pieces = [
        ev("function_call_arguments.delta", output_index=0, item_id="mcp_1", delta="{}"),
        ev("function_call_arguments.done", output_index=0, item_id="mcp_1", arguments="{}"),
    ]
    reading = stream(added(0, "mcp_call", id="mcp_1"), *pieces, done(0, item))
    assert reading.of(Unknown) == [Unknown(piece) for piece in pieces]
    assert reading.message.tool_calls == ()
    assert reading.message == whole(item).message


def test_calls_without_indexes_and_ids() -> None:
    """llama.cpp: the pieces name the call's id, and so does the item."""
    first, second = ({"type": "function_call", "call_id": f"fc_{n}", "name": n, "arguments": "{}"} for n in "ab")
    message = text("hi", id="msg_9")
    reading = stream(
        added(None, "reasoning", id="rs_9"),
        ev("reasoning_text.delta", item_id="rs_9", delta="Hm"),
        done(None, {"type": "reasoning", "id": "rs_9", "summary": [], "content": []}),
        added(None, "message", id="msg_9"),
        ev("content_part.added", item_id="msg_9", part={"type": "output_text", "text": ""}),
        ev(DELTA, item_id="msg_9", delta="hi"),
        done(None, message),
        ev("output_item.added", item={**first, "arguments": ""}),
        ev("output_item.added", item={**second, "arguments": ""}),
        ev("function_call_arguments.delta", item_id="fc_a", delta="{}"),
        ev("function_call_arguments.delta", item_id="fc_b", delta="{}"),
        done(None, second),
        done(None, first),
    )
    assert reading.message.reasoning == "Hm"
    assert reading.response.text == "hi"
    assert [(c.id, c.name, c.arguments, c.extra["output_index"]) for c in reading.message.tool_calls] == [
        ("fc_a", "a", "{}", 2),
        ("fc_b", "b", "{}", 3),
    ]


def test_a_call_whose_beginning_is_missing() -> None:
    reading = events(CREATED, ev("function_call_arguments.delta", output_index=0, delta='{"a"'))
    assert reading.message.tool_calls == (ToolCall("call_resp_1_0", "", '{"a"', generated_id=True),)
    reading = stream(
        ev("function_call_arguments.delta", output_index=0, delta='{"a"'),
        ev("custom_tool_call_input.delta", output_index=1, delta="x"),
        done(0, call('{"a":1}')),
    )
    assert [(c.id, c.name, c.arguments, c.type) for c in reading.message.tool_calls] == [
        ("c1", "f", '{"a":1}', "function"),
        ("call_resp_1_1", "", "x", "custom"),
    ]


def test_a_custom_call() -> None:
    item = {"type": "custom_tool_call", "id": "ct_1", "call_id": "c1", "name": "sql", "input": "SELECT 1"}
    reading = stream(
        ev("output_item.added", output_index=0, item={**item, "input": ""}),
        ev("custom_tool_call_input.delta", output_index=0, item_id="ct_1", delta="SELECT"),
        ev("custom_tool_call_input.done", output_index=0, item_id="ct_1", input="SELECT 1"),
        done(0, item),
    )
    extra = {"item": {"id": "ct_1"}, "output_index": 0}
    assert reading.message.tool_calls == (ToolCall("c1", "sql", "SELECT 1", "custom", extra=extra),)
    assert reading.message == whole(item).message


# -- other items -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "item",
    [
        {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search"}},
        {"type": "shell_call_output", "id": "sho_1", "call_id": "c1", "output": []},
        {"type": "compaction", "id": "cmp_1", "encrypted_content": "gAAA"},
        {"type": "image_generation_call", "id": "ig_1", "result": "https://x/a.png"},
        {"type": "novel"},
        {},
    ],
)
def test_items_of_the_server_are_kept_whole(item: dict[str, Any]) -> None:
    reading = stream(added(0, item.get("type", ""), id=item.get("id")), done(0, item))
    assert reading.of(ContentDelta) == [ContentDelta(UnknownContent(item), block=999)]
    assert reading.message == whole(item).message


def test_a_call_and_its_result_are_two_items() -> None:
    """They have one `call_id`."""
    first = {"type": "shell_call", "id": "sh_1", "call_id": "c1"}
    second = {"type": "shell_call_output", "id": "sho_1", "call_id": "c1"}
    reading = stream(done(0, first), done(1, second))
    assert reading.message.content == (UnknownContent(first), UnknownContent(second))


def test_an_image() -> None:
    item = {"type": "image_generation_call", "id": "ig_1", "result": "QUJD", "output_format": "png"}
    reading = stream(done(0, item))
    rest = UnknownContent({"type": "image_generation_call", "id": "ig_1", "output_format": "png"})
    assert reading.message.content == (ImageContent(data=b"ABC", media_type="image/png"), rest)
    assert reading.message == whole(item).message


@pytest.mark.parametrize("item", [text("a"), REASONING, call(), {"type": "novel", "x": 1}])
def test_an_item_whose_kind_was_said_only_at_its_beginning(item: dict[str, Any]) -> None:
    reading = stream(added(0, item["type"], id="same"), done(0, {**item, "type": None}))
    assert reading.message == whole(item).message


def test_the_same_call_and_result_without_ids() -> None:
    pair = [{"type": "shell_call", "call_id": "c1"}, {"type": "shell_call_output", "call_id": "c1"}]
    assert whole(*pair).message.content == tuple(map(UnknownContent, pair))


def test_an_image_told_twice_counts_once() -> None:
    item = {"type": "image_generation_call", "id": "ig_1", "result": "QUJD", "output_format": "png"}
    assert stream(done(0, item), completed(item)).message == whole(item).message


def test_an_item_told_twice_counts_once() -> None:
    item = text("once")
    assert stream(done(0, item), done(0, item), completed(item)).response.text == "once"


# -- what is not known -------------------------------------------------------------------------------------------------


def test_events_of_an_unknown_kind_are_given_whole() -> None:
    news = [ev("web_search_call.searching", item_id="ws_1", output_index=0), {"type": "novel", "x": 1}]
    reading = stream(*news)
    assert reading.of(Unknown) == [Unknown(event) for event in news]
    assert reading.response.extra == {}


@pytest.mark.parametrize("kind", ["keepalive", "ping"])
def test_pings(kind: str) -> None:
    assert len(stream({"type": kind, "sequence_number": 3}).events) == 2


def test_unknown_fields_of_known_events() -> None:
    reading = stream(delta("a", novel=1, empty=None), delta("b", novel=1), delta("c", novel=2), delta("d", empty=None))
    assert reading.of(Unknown) == [Unknown({"novel": 1}), Unknown({"novel": 2})]
    assert reading.response.extra == {"novel": 2}
    assert reading.response.text == "abcd"


# -- ends --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "top", "expected"),
    [
        ("completed", {}, ("stop", "completed")),
        ("completed", {"status": None}, ("stop", "completed")),
        ("completed", {"status": "in_progress"}, ("stop", "completed")),
        (
            "incomplete",
            {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}},
            ("length", "max_output_tokens"),
        ),
        ("incomplete", {"status": "queued"}, ("unknown", "incomplete")),
        ("completed", {"status": "incomplete"}, ("unknown", "incomplete")),
        ("cancelled", {"status": "cancelled"}, ("unknown", "cancelled")),
        ("done", {"status": None}, ("stop", "completed")),
        ("done", {"status": "incomplete"}, ("unknown", "incomplete")),
    ],
)
def test_ends(kind: str, top: dict[str, Any], expected: tuple[str, str]) -> None:
    reading = events(CREATED, ev(kind, response=response(**top)))
    assert (reading.done.finish_reason, reading.done.raw_finish_reason) == expected


@pytest.mark.parametrize(("status", "word"), [("completed", "completed"), (None, "completed"), ("novel", "novel")])
def test_ends_of_whole_answers(status: str | None, word: str) -> None:
    assert whole(text("a"), status=status).done.raw_finish_reason == word


@pytest.mark.parametrize("status", ["queued", "in_progress"])
def test_a_reply_about_an_answer_in_the_background_is_whole(status: str) -> None:
    """Were it an error, it would be asked for again, and run once more each time."""
    reading = whole(status=status)
    assert (reading.done.finish_reason, reading.done.raw_finish_reason) == ("unknown", status)
    assert reading.response.id == "resp_1"
    assert not reading.response.complete


# -- errors ------------------------------------------------------------------------------------------------------------

FAILED = response(status="failed", error={"code": "server_error", "message": "oops"}, usage={"input_tokens": 3})


@pytest.mark.parametrize(
    ("frame", "cls", "code", "kind", "message"),
    [
        (
            data({"type": "error", "code": "rate_limit_exceeded", "message": "slow", "param": None}),
            RateLimitError,
            "rate_limit_exceeded",
            None,
            "slow",
        ),
        (
            b"event: error\n"
            + data({"type": "error", "error": {"type": "server_error", "code": None, "message": "x"}}),
            ServerError,
            None,
            "server_error",
            "x",
        ),
        (
            data({"type": "error", "error": {"type": "invalid_request_error", "code": "c", "message": "x"}}),
            BadRequestError,
            "c",
            "invalid_request_error",
            "x",
        ),
        (data({"error": {"code": 429, "message": "x"}}), RateLimitError, 429, None, "x"),
        (data({"error": "text"}), APIError, None, None, "text"),
        (data({"type": "error"}), APIError, None, None, "an error, without a message"),
        (data(ev("error")), APIError, None, None, "an error, without a message"),
        (data(ev("error", code="server_error", message="x")), ServerError, "server_error", None, "x"),
        (data(ev("failed", error={"code": "server_error", "message": "x"})), ServerError, "server_error", None, "x"),
        (data({"type": "novel", "error": {"type": "api_error", "message": "x"}}), ServerError, None, "api_error", "x"),
        (data({"type": "novel", "error": "text"}), APIError, None, None, "text"),
        (b"event: error\ndata: oops\n\n", APIError, None, None, "an error, with the body 'oops'"),
        (data(ev("failed", response=FAILED)), ServerError, "server_error", None, "oops"),
        (
            data(ev("failed", response=response(error={"code": "invalid_prompt", "message": "x"}))),
            BadRequestError,
            "invalid_prompt",
            None,
            "x",
        ),
    ],
)
def test_errors_in_the_stream(
    frame: bytes, cls: type[DuologueError], code: Any, kind: str | None, message: str
) -> None:
    reading = read([data(CREATED), data(delta("a")), frame, data(completed())])
    error = reading.error
    assert isinstance(error, APIError)
    assert type(error) is cls
    assert (error.code, error.type, error.message, error.status_code) == (code, kind, message, None)
    assert error.partial is not None
    assert error.partial.text == "a"


@pytest.mark.parametrize("spot", [{"item_id": "x"}, {"output_index": 0}, {"item": {}}])
def test_an_error_of_one_item_is_none_of_the_answer(spot: dict[str, Any]) -> None:
    event = {"type": "response.novel.failed", "error": {"message": "x"}, **spot}
    assert stream(event).of(Unknown) == [Unknown(event)]


@pytest.mark.parametrize(
    ("message", "seconds"),
    [
        ("Limit 30000. Please try again in 11.054s. Visit", 11.054),
        ("Please try again in 28ms.", 0.028),
        ("Please try again in 6m0s.", 360),
        ("Please try again in a while.", None),
        ("", None),
    ],
)
def test_how_long_to_wait(message: str, seconds: float | None) -> None:
    error = {"code": "rate_limit_exceeded", "message": message}
    for event in ({"type": "error", "error": error}, ev("failed", response=response(status="failed", error=error))):
        found = events(CREATED, event).error
        assert isinstance(found, RateLimitError)
        assert found.retry_after == seconds


def test_what_a_failure_says_besides() -> None:
    reading = events(ev("failed", response=FAILED))
    assert [type(event) for event in reading.events[:-1]] == [Start, UsageUpdate]
    assert isinstance(events(ev("failed", response=response(status=None))).error, APIError)


@pytest.mark.parametrize(
    "body",
    [FAILED, {"error": {"code": "server_error", "message": "oops"}}, {"code": "server_error", "message": "oops"}],
)
def test_errors_in_place_of_an_answer(body: dict[str, Any]) -> None:
    assert isinstance(read([dumped(body)], headers=JSON, stream=False).error, ServerError)


@pytest.mark.parametrize("body", [{"id": "chatcmpl-1", "choices": []}, {}, {"type": "message", "content": []}])
def test_answers_of_another_format(body: dict[str, Any]) -> None:
    for stream_it in (False, True):
        error = read([dumped(body)], headers=JSON, stream=stream_it).error
        assert isinstance(error, DecodeError)
        assert "no Responses answer" in error.message
    if "type" not in body:
        assert isinstance(events(body).error, DecodeError)


def test_an_answer_without_items() -> None:
    body = {"object": "response", "status": "completed"}
    assert read([dumped(body)], headers=JSON, stream=False).done.finish_reason == "stop"


@pytest.mark.parametrize(
    ("bad", "path"),
    [
        ([], "expected a JSON object"),
        (ev("created"), "response: expected an object, got null"),
        (ev("completed", response=5), "response: expected an object, got int"),
        (completed(5), "response.output[0]: expected an object"),
        (completed(usage=5), "response.usage: expected an object"),
        (ev("completed", response={**response(), "output": {}}), "response.output: expected an array"),
        (completed(usage={"input_tokens": "5"}), "usage.input_tokens: expected a number"),
        (ev("output_item.added", output_index=0), "item: expected an object"),
        (ev("output_item.done", output_index=0, item="x"), "item: expected an object"),
        (ev("content_part.added", output_index=0, part=[]), "part: expected an object"),
        (ev(DELTA, output_index=0, delta=5), "delta: expected a string"),
        (ev(DELTA, output_index=0, delta="", logprobs="x"), "logprobs: expected an array"),
        (ev("output_text.done", output_index=0, text=5), "text: expected a string"),
        (ev("output_text.annotation.added", output_index=0, annotation="x"), "annotation: expected an object"),
        (ev("function_call_arguments.delta", output_index=0, delta={}), "delta: expected a string"),
        (ev("function_call_arguments.done", output_index=0, arguments=5), "item.arguments: expected a string"),
        (done(0, call(name=5)), "item.name: expected a string"),
        (done(0, text(content=5)), "item.content: expected an array"),
        (done(0, text(content=[5])), "item.content[]: expected an object"),
        (done(0, text(content=[{"type": "output_text", "text": 5}])), "item.content[].text: expected a string"),
        (
            done(0, text(content=[{"type": "output_text", "annotations": 5}])),
            "item.content[].annotations: expected an array",
        ),
        (done(0, {**REASONING, "summary": 5}), "item.summary: expected an array"),
        (done(0, {**REASONING, "summary": [5]}), "item.summary[]: expected an object"),
    ],
)
def test_wrong_types_name_their_place(bad: Any, path: str) -> None:
    error = events(CREATED, bad).error
    assert isinstance(error, DecodeError)
    assert error.message.startswith(path)


@pytest.mark.parametrize("field", ["id", "model"])
def test_wrong_types_at_the_start(field: str) -> None:
    error = events(ev("created", response=response(**{field: 5}))).error
    assert isinstance(error, DecodeError)
    assert error.message.startswith(f"response.{field}: expected a string")


def test_a_body_that_is_no_object() -> None:
    error = read([b"[]"], headers=JSON, stream=False).error
    assert isinstance(error, DecodeError)
    assert error.message == "expected a JSON object, got list"


# -- anything at all ---------------------------------------------------------------------------------------------------

RICH = [
    CREATED,
    added(0, "reasoning", id="rs_1"),
    ev("reasoning_summary_text.delta", output_index=0, summary_index=0, delta="One."),
    done(0, REASONING),
    added(1, "message", id="msg_1"),
    ev("content_part.added", output_index=1, content_index=0, part={"type": "output_text"}),
    ev(DELTA, output_index=1, content_index=0, delta="Hello"),
    done(1, text("Hello")),
    ev("output_item.added", output_index=2, item=call("")),
    ev("function_call_arguments.delta", output_index=2, delta="{}"),
    done(2, call()),
    done(3, {"type": "image_generation_call", "id": "ig", "result": "QUJD"}),
    completed(REASONING, text("Hello"), call(), usage={"input_tokens": 1, "output_tokens_details": {}}),
]
STRANGE: list[Any] = [None, 0, -1, 1e300, 10**30, True, "", "x", [], [1], {}, {"a": 1}, [[]], "\ud800", "completed"]


def mutations() -> Iterator[list[dict[str, Any]]]:
    draw = random.Random(4)
    for _ in range(1500):
        given = copy.deepcopy(RICH)
        spots = list(_spots(given))
        for holder, key in draw.sample(spots, 2):
            holder[key] = draw.choice(STRANGE)
        yield given


def _spots(value: Any) -> Iterator[tuple[Any, Any]]:
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        yield value, key
        if isinstance(item, (dict, list)):
            yield from _spots(item)


def test_whatever_comes_no_other_error_escapes() -> None:
    for given in mutations():
        reading = events(*given)
        assert reading.error is None or isinstance(reading.error, (DecodeError, APIError, StreamTruncated)), given
        json.dumps(given)
