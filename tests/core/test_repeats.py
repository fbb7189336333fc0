"""Events that are read by what they have in common with the one before: the same as read one by one."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from duologue._core.exchange import Exchange
from duologue._core.repeats import Repeats
from duologue._dialects import find_dialect
from duologue._tables import PROVIDERS
from duologue.config import Limits
from duologue.errors import LimitExceeded
from duologue.events import Done, Error, ReasoningDelta, StreamEvent, TextDelta
from tests.kit.recordings import Recording, needs_shared
from tests.test_recordings import ALL, provider_of

JSON_LINES = "application/x-ndjson"
SSE = "text/event-stream"


def read(provider: str, pieces: list[bytes], content_type: str) -> list[StreamEvent]:
    """The events of a body."""
    row = PROVIDERS[provider]
    exchange = Exchange(find_dialect(row.dialect), row, Limits(), stream=True, known=True)
    events = exchange.begin(200, {"content-type": content_type})
    for piece in pieces:
        events += exchange.feed(piece)
    return [*events, *exchange.close()]


def said(events: list[StreamEvent]) -> list[Any]:
    """What can be compared: two errors are equal if they say the same."""
    return [(type(event.error), str(event.error), event.error.partial) if event.is_error else event for event in events]


def one_by_one(monkeypatch: pytest.MonkeyPatch, *args: Any) -> list[StreamEvent]:
    """The events, each decoded."""
    with monkeypatch.context() as patch:
        patch.setattr(Repeats, "find", lambda *_: None)
        return read(*args)


@needs_shared
@pytest.mark.parametrize("recording", [one for one in ALL if one.about["stream"]], ids=lambda one: one.name)
def test_what_providers_sent(recording: Recording, monkeypatch: pytest.MonkeyPatch) -> None:
    draw = random.Random(recording.name)
    body, pieces = recording.body, []
    while body:
        size = draw.randrange(1, 5000)
        pieces.append(body[:size])
        body = body[size:]
    args = (provider_of(recording), pieces, recording.headers.get("content-type", ""))
    assert said(read(*args)) == said(one_by_one(monkeypatch, *args))


# Of the pieces of text in what providers sent, how many in a hundred are at least read so.
LEAST = {
    "anthropic": 75,
    "azure": 70,
    "cohere": 90,
    "deepseek": 90,
    "mistral": 85,
    "ollama": 90,
    "openai": 50,
    "openai-responses": 60,
    "vllm": 85,
    "xai": 90,
    "zai": 90,
}


@needs_shared
@pytest.mark.parametrize("provider", LEAST)
def test_most_of_what_providers_send_is_read_so(provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[object] = []
    find = Repeats.find

    def counted(self: Repeats, frame: bytes) -> object:
        event = find(self, frame)
        found.append(event)
        return event

    monkeypatch.setattr(Repeats, "find", counted)
    texts = 0
    for recording in ALL:
        if recording.about["stream"] and provider_of(recording) == provider:
            events = read(provider, [recording.body], recording.headers.get("content-type", ""))
            texts += sum(isinstance(event, TextDelta | ReasoningDelta) for event in events)
    known = len(found) - found.count(None)
    assert known * 100 >= LEAST[provider] * texts > 0


# Frames, by provider and content type; the text of each stands for `@`, as JSON, and what means nothing for `~`.
FORMATS = {
    "padded": (
        "openai",
        SSE,
        'data: {"id":"c1","model":"m","choices":[{"index":0,"delta":{"content":@}}],"obfuscation":"~"}\n\n',
    ),
    "mistral": (
        "mistral",
        SSE,
        'data: {"id":"c1","model":"m","choices":[{"index":0,"delta":{"content":@},"finish_reason":null}],"p":"~"}\n\n',
    ),
    "blanks": (
        "anthropic",
        SSE,
        'event: x\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":@}~}\n\n',
    ),
    "stamped": (
        "ollama",
        JSON_LINES,
        '{"model":"m","created_at":"~","message":{"role":"assistant","content":@},"done":false}\n',
    ),
    "numbered": (
        "openai-responses",
        SSE,
        'data: {"type":"response.output_text.delta","sequence_number":~,"item_id":"m","delta":@,"obfuscation":"~"}\n\n',
    ),
    "call": (
        "openai",
        SSE,
        'data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":@}}]}}],"p":"~"}\n\n',
    ),
    "last call": (
        "openai",
        SSE,
        'data: {"id":"c1","choices":[{"index":0,"delta":{"tool_calls":[{"function":{"arguments":@}}]}}]}\n\n',
    ),
    "input": (
        "anthropic",
        SSE,
        'data: {"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":@}~}\n\n',
    ),
    "arguments": (
        "openai-responses",
        SSE,
        'data: {"type":"response.function_call_arguments.delta","sequence_number":~,"item_id":"f","delta":@}\n\n',
    ),
    "openai": ("openai", SSE, 'data: {"id":"c1","model":"m","choices":[{"index":0,"delta":{"content":@}}]}\n\n'),
    "reasoning": ("deepseek", SSE, 'data: {"id":"c1","choices":[{"index":1,"delta":{"reasoning_content":@}}]}\n\n'),
    "anthropic": (
        "anthropic",
        SSE,
        'event: x\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":@}}\n\n',
    ),
    "gemini": ("gemini", SSE, 'data: {"candidates":[{"content":{"parts":[{"text":@}]},"index":0}]}\r\n\r\n'),
    "thoughts": (
        "gemini",
        SSE,
        'data: {"candidates":[{"content":{"parts":[{"thought":true,"text":@}]},"index":0}]}\n\n',
    ),
    "ollama": ("ollama", JSON_LINES, '{"model":"m","message":{"role":"assistant","content":@},"done":false}\n'),
    "cohere": ("cohere", SSE, 'data: {"type":"tool-plan-delta","delta":{"message":{"tool_plan":@}}}\n\n'),
}
# What comes before these.
HEADS = {
    "call": 'data: {"id":"c1","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"i","type":"function",'
    '"function":{"name":"f","arguments":""}}]}}]}\n\n',
    "last call": 'data: {"id":"c1","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"i",'
    '"function":{"name":"f","arguments":""}}]}}]}\n\n',
    "input": 'data: {"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"i","name":"f",'
    '"input":{}}}\n\n',
    "arguments": 'data: {"type":"response.output_item.added","output_index":0,"item":{"type":"function_call","id":"f",'
    '"call_id":"i","name":"f","arguments":""}}\n\n',
}
# As they stand in JSON; the last ones are none.
TEXTS = [
    *['"a"', '" b"', '"ab"', '""', '"c1"', '"\\n"', '"\\"quoted\\""', '"\\\\"', '"\\u00e9"', '"é"', '"\\ud83d\\ude00"'],
    *['"😀"', '"\\ud800"', '"\u2028"', '"x\\u0000"', "null", "7", '"text"', '"a","content":"b"', '["a"]'],
    *['"\t"', '"\\x"', '"a', ""],
]


# What may stand for noise: good for one format or another, or for none.
NOISE = [
    "",
    " ",
    "   ",
    "7",
    "12",
    "0",
    "007",
    "2026-05-04T22:49:02.610651Z",
    "aB_3",
    "\\n",
    'a","content":"b',
    "é",
    "}",
]
# For each format, what is good.
GOOD_NOISE = {
    "call": NOISE[:9],
    "input": NOISE[:3],
    "arguments": NOISE[3:5],
    "padded": NOISE[:9],
    "mistral": NOISE[:9],
    "blanks": NOISE[:3],
    "stamped": NOISE[3:8],
    "numbered": NOISE[3:5],
}


def framed(name: str, text: str, noise: str = "") -> str:
    """A frame of a format."""
    return FORMATS[name][2].replace("@", text).replace("~", noise)


def openai(text: str) -> bytes:
    """A frame with that text."""
    return FORMATS["openai"][2].replace("@", json.dumps(text)).encode()


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("seed", range(8))
def test_any_texts(name: str, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    provider, content_type, _ = FORMATS[name]
    draw = random.Random(seed)
    good = GOOD_NOISE.get(name, [""])
    for _ in range(50):
        frames = [framed(name, draw.choice(TEXTS[:4]), draw.choice(good)) for _ in range(3)]
        for _ in range(draw.randrange(8)):
            noise = draw.choice(good if draw.random() < 0.8 else NOISE)
            frames.append(framed(name, draw.choice(TEXTS[: draw.choice([4, 12, 19, 24])]), noise))
        pieces = [frame.encode("utf-8") for frame in [HEADS.get(name, ""), *frames]]
        pieces.insert(draw.randrange(len(pieces)), b": ping\n\n" if content_type == SSE else b"\n")
        spoilt = bytearray(pieces[-1])
        if draw.random() < 0.3:
            spoilt[draw.randrange(len(spoilt))] = draw.choice([0xFF, 0x22, 0x5C, 0x0A, 0x7D])
        args = (provider, [*pieces[:-1], bytes(spoilt)], content_type)
        assert said(read(*args)) == said(one_by_one(monkeypatch, *args))
        args = (provider, [b"".join(args[1])], content_type)
        assert said(read(*args)) == said(one_by_one(monkeypatch, *args))


@pytest.mark.parametrize("name", FORMATS)
def test_most_of_a_stream_is_read_so(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    provider, content_type, _ = FORMATS[name]
    good = GOOD_NOISE.get(name, [""])
    decoded: list[bytes] = []
    learn = Repeats.learn

    def counted(self: Repeats, frame: bytes, events: list[StreamEvent]) -> None:
        decoded.append(frame)
        learn(self, frame, events)

    monkeypatch.setattr(Repeats, "learn", counted)
    pieces = [framed(name, json.dumps(f"piece {n}"), good[n % len(good)]).encode() for n in range(50)]
    events = read(provider, [HEADS.get(name, "").encode(), *pieces], content_type)
    texts = [event.text or getattr(event, "arguments", "") for event in events]
    assert list(filter(None, texts)) == [f"piece {number}" for number in range(50)]
    assert len(decoded) <= 3 + (name in HEADS)


def test_a_frame_that_differs_makes_the_next_one_go_the_long_way(monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[bytes] = []
    learn = Repeats.learn

    def counted(self: Repeats, frame: bytes, events: list[StreamEvent]) -> None:
        decoded.append(frame)
        learn(self, frame, events)

    monkeypatch.setattr(Repeats, "learn", counted)
    other = b'data: {"id":"c1","model":"m","choices":[{"index":0,"delta":{"refusal":"no"}}]}\n\n'
    same = [openai(letter) for letter in "abcdefghij"]
    read("openai", [*same, other, *same], SSE)
    assert len(decoded) == 2 + 1 + 1


def test_an_event_that_is_there_twice_is_not_taken_for_its_text() -> None:
    """The text of these is also the id."""
    frames = [b'data: {"id":"x","model":"m","choices":[{"index":0,"delta":{"content":"x"}}]}\n\n'] * 4
    assert [event.text for event in read("openai", frames, SSE) if isinstance(event, TextDelta)] == ["x"] * 4


def test_nothing_is_read_behind_the_end_marker() -> None:
    pieces = [openai("a")] * 4 + [b"data: [DONE]\n\n", openai("b")]
    events = read("openai", pieces, SSE)
    assert isinstance(events[-1], Done)
    assert events[-1].response.text == "aaaa"


def gemini(part: str) -> bytes:
    """A frame with that part."""
    return b'data: {"candidates":[{"content":{"parts":[%b]},"index":0}]}\r\n\r\n' % part.encode()


def block(kind: str, **fields: Any) -> bytes:
    """An event of Anthropic's, of a server that gives every block the same number."""
    return f"event: {kind}\ndata: {json.dumps({'type': kind, 'index': 0, **fields})}\n\n".encode()


def _delta(text: str) -> bytes:
    return block("content_block_delta", delta={"type": "text_delta", "text": text})


def _whole(text: str, item: str) -> bytes:
    """What an item of Responses says in all; of that, only what is new is an event."""
    said = {"type": "response.output_text.done", "item_id": item, "text": text}
    return f"data: {json.dumps(said)}\n\n".encode()


# A frame between two that are alike changes what the second means.
CHANGES = {
    "gemini": [
        *map(gemini, ['{"text":"a"}', '{"text":"b"}', '{"functionCall":{"name":"f","args":{}}}']),
        *map(gemini, ['{"text":"c"}', '{"text":"d"}']),
    ],
    "anthropic": [
        block("content_block_start", content_block={"type": "text", "text": ""}),
        *map(_delta, "ab"),
        block("content_block_stop"),
        block("content_block_start", content_block={"type": "text", "text": ""}),
        *map(_delta, "cd"),
    ],
    "openai-responses": [
        *(framed("numbered", f'"{text}"', "1").encode() for text in "abc"),
        *map(_whole, ["abcd", "abcde"], "mm"),
        *map(_whole, ["x", "xy"], "nn"),
    ],
}


@pytest.mark.parametrize("provider", CHANGES)
def test_a_frame_that_comes_in_two_pieces_changes_as_much(provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    body = b"".join(CHANGES[provider])
    whole = said(one_by_one(monkeypatch, provider, [body], SSE))
    for at in range(1, len(body)):
        assert said(read(provider, [body[:at], body[at:]], SSE))[:-1] == whole[:-1], at


def test_a_frame_that_is_known_is_not_longer_than_allowed() -> None:
    row = PROVIDERS["openai"]
    exchange = Exchange(find_dialect(row.dialect), row, Limits(max_event_bytes=200), stream=True, known=True)
    exchange.begin(200, {"content-type": SSE})
    events = [event for text in ("a", "b", "c" * 200) for event in exchange.feed(openai(text))]
    assert isinstance(events[-1], Error)
    assert isinstance(events[-1].error, LimitExceeded)
    assert exchange.response.text == "ab"


def _chat(chat_id: str, content: str, beside: str = "") -> bytes:
    return b'data: {"id":"%b","choices":[{"index":0,"delta":{"content":%b}}]%b}\n\n' % (
        *(part.encode("latin-1") for part in (chat_id, content, beside)),
    )


def _numbered(number: str, beside: str = "") -> bytes:
    said = f'"sequence_number":{number}'
    return (
        'data: {"type":"response.output_text.delta",%s,"item_id":"m","delta":"x"}\n\n'
        % (beside % said if beside else said)
    ).encode()


def _line(text: str, stamp: str, done: str = "false") -> bytes:
    return b'{"model":"m","x":{"created_at":"%b"},"message":{"content":"%b"},"done":%b}\n' % (
        *(part.encode() for part in (stamp, text, done)),
    )


def _cohere(text: str) -> bytes:
    said = {"type": "content-start", "index": 0, "delta": {"message": {"content": {"type": "text", "text": text}}}}
    return f"data: {json.dumps(said)}\n\n".encode()


def _grounded(text: str) -> bytes:
    """A chunk after the end, with a source of what is said in the last one."""
    support = {"segment": {"text": "end"}, "groundingChunkIndices": [0]}
    sources = {"groundingChunks": [{"web": {"uri": "https://a.example"}}], "groundingSupports": [support]}
    candidate = {"content": {"parts": [{"text": text}]}, "finishReason": "STOP", "groundingMetadata": sources}
    return f"data: {json.dumps({'candidates': [candidate]})}\n\n".encode()


THOUGHTS = '[{"type":"thinking","thinking":[{"type":"text","text":"A"},{"type":"text","text":"B"}]}]'
# What is alike, and yet the text is not what differs, or not all that does.
ALIKE = {
    "the text in escapes, and an id of the same words": (
        "openai",
        [_chat("A", '"\\u0041"'), _chat("A", '"\\u0041"'), _chat("B", '"\\u0041"')],
    ),
    "bytes that are no text, and an id that says so": (
        "openai",
        [_chat("\xef\xbf\xbd", '"\xff"'), _chat("\xef\xbf\xbd", '"\xff"'), _chat("B", '"\xff"')],
    ),
    "a text in pieces, and an id of the same words": (
        "mistral",
        [_chat("AB", THOUGHTS), _chat("AB", THOUGHTS), _chat("CD", THOUGHTS)],
    ),
    "noise that is none, behind the text": (
        "openai",
        [_chat("c", '"x"', f',"y":{{"obfuscation":"{noise}"}}') for noise in "aab"],
    ),
    "noise that is none, before the text": ("ollama", [_line("t", stamp) for stamp in "aab"]),
    "a number that is none any more": ("openai-responses", [_numbered(number) for number in ["-5", "-5", "1-5"]]),
    "a number that was none": ("openai-responses", [_numbered(number) for number in ["null", "null", "1null"]]),
    "a fraction": ("openai-responses", [_numbered(number) for number in ["1.5", "2.5", "3.5"]]),
    "a number of something else": ("openai-responses", [_numbered(number, '"y":{%s}') for number in "112"]),
    "blocks that begin with text, one after the other": (
        "anthropic",
        [block("content_block_start", content_block={"type": "text", "text": text}) for text in "abc"],
    ),
    "Cohere's blocks": ("cohere", [_cohere(text) for text in "abc"]),
    "a source of words that are still to come": ("gemini", [_grounded(text) for text in ("a", "b", "the end")]),
    "the last line, again and again": ("ollama", [_line("a", "1"), *(_line(text, "1", "true") for text in "bcd")]),
}


@pytest.mark.parametrize("name", ALIKE)
def test_what_only_looks_the_same(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    provider, frames = ALIKE[name]
    args = (provider, [b"".join(frames * 2)], JSON_LINES if provider == "ollama" else SSE)
    assert said(read(*args)) == said(one_by_one(monkeypatch, *args))


# What may stand in a field, and what may be beside it: noise in the wrong place, texts under other names.
WORDS = ["A", "B", "AB", "", "é", "\ufffd", ",", "}", "\n"]
BESIDE = [*WORDS, *({key: "A"} for key in ("obfuscation", "p", "created_at")), {"sequence_number": 1}, ["A"]]
NAMES = ["x", "id", "text", "content", "obfuscation", "p", "sequence_number", "created_at"]


def places(value: Any) -> list[tuple[Any, Any]]:
    """Where something stands in JSON: each container with a place in it."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, part in inside for place in [(value, key), *places(part)]]


def changed(draw: random.Random, text: str) -> str:
    """A frame's JSON with something else in some places of it."""
    data = json.loads(text)
    if draw.random() < 0.2:
        container, _ = draw.choice(places(data))
        if isinstance(container, dict):
            container[draw.choice(NAMES)] = draw.choice(BESIDE)
    for _ in range(draw.choice([0, 1, 1, 1, 2])):
        container, key = draw.choice(places(data))
        if isinstance(container[key], str) and key not in {"type", "role"}:
            container[key] = draw.choice(WORDS)
        elif isinstance(container[key], int):
            container[key] = draw.randrange(3)
    written = json.dumps(data, separators=(",", ":"), ensure_ascii=False)
    return written.replace('"A"', '"\\u0041"', 1) if draw.random() < 0.2 else written


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("seed", range(8))
def test_any_fields(name: str, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    provider, content_type, _ = FORMATS[name]
    frame = framed(name, '"A"', GOOD_NOISE.get(name, [""])[-1])
    before, brace, rest = frame.partition("{")
    text, brace, after = (brace + rest).rpartition("}")
    draw = random.Random(seed)
    for _ in range(100):
        frames = [text + brace]
        for _ in range(draw.randrange(4, 12)):
            frames.append(frames[-1] if draw.random() < 0.4 else changed(draw, frames[-1]))
        args = (provider, [f"{before}{one}{after}".encode() for one in frames], content_type)
        assert said(read(*args)) == said(one_by_one(monkeypatch, *args))
