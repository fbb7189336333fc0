"""JSON that is still coming: the vectors of other readers under all cuts, jiter beside ours, and what asking costs."""

from __future__ import annotations

import codecs
import copy
import gc
import json
import pickle
import random
import threading
from typing import Any

import jiter
import pytest

from duologue._json import NUMBER_DIGITS, loads
from duologue._partial_json import DEPTH, KEPT, PartialJSON, Pieces, _Reader, partial_value
from duologue.errors import DecodeError
from tests.kit.corpora import Vector, cuts, each, input_of, vectors

DIALECT = {"jiter-trailing-strings", "jiter trailing-strings"}
EVERY_PREFIX = {"list": list, "dict": dict}


def is_ours(vector: Vector) -> bool:
    return bool(DIALECT & {vector["dialect"], *vector.get("also_read_so_by", ())})


def prefixes(vector: Vector) -> bool:
    return "every_proper_prefix_from_1_parses_to" in vector


def data_of(vector: Vector) -> bytes:
    return vector["input"].encode() if "input" in vector else input_of(vector)


def read(pieces: list[str], *, asking: bool = False) -> PartialJSON:
    reader = PartialJSON()
    for piece in pieces:
        reader.feed(piece)
        if asking:
            assert reader.value is None or reader.begun
    return reader


@each("partial_json", is_ours)
def test_vectors(vector: Vector) -> None:
    """However it is cut, and whether or not the value is asked for in between. Bytes become text before they come here,
    as with every stream, so what is no UTF-8 is seen there."""
    for chunks in cuts(data_of(vector), []):
        decoder = codecs.getincrementaldecoder("utf-8")()
        if vector.get("error"):
            with pytest.raises(UnicodeDecodeError):
                [decoder.decode(chunk) for chunk in chunks]
            continue
        pieces = [decoder.decode(chunk) for chunk in chunks]
        for asking in (False, True):
            reader = read(pieces, asking=asking)
            assert reader.value == vector["expected"]
            assert reader.begun is not vector.get("no_value", False)


def test_the_corpus_has_vectors_of_this_dialect() -> None:
    found = vectors("partial_json")
    assert not found or sum(map(is_ours, found)) > 250


@each("partial_json", prefixes)
def test_every_prefix_has_a_value(vector: Vector) -> None:
    kind = EVERY_PREFIX[vector["every_proper_prefix_from_1_parses_to"]]
    for end in range(1, len(vector["input"])):
        assert isinstance(partial_value(vector["input"][:end]), kind)


# -- beside jiter ------------------------------------------------------------------------------------------------------

WORDS = ["", "a", "Grüße", "日本", "🙂", 'say "hi"\n', "\\", "\u2028\x7f", "a, b", "[1]", "}{", "x" * 90]


def a_value(draw: random.Random, depth: int = 0) -> Any:
    kind = draw.randrange(8 if depth < 5 else 6)
    if kind < 6:
        number = draw.choice([0, -1, 7, 10 ** draw.randrange(30), 0.5, -2.25e-7, 1e22])
        return [draw.choice(WORDS), number, True, False, None, draw.choice(WORDS)][kind]
    items = [a_value(draw, depth + 1) for _ in range(draw.randrange(12))]
    return items if kind == 6 else {draw.choice(WORDS) + str(draw.randrange(20)): item for item in items}


def a_text(draw: random.Random) -> str:
    form: dict[str, Any] = {"ensure_ascii": draw.random() < 0.5, "indent": draw.choice([None, 1])}
    return json.dumps([a_value(draw)] if draw.random() < 0.5 else {"a": a_value(draw)}, **form)


@pytest.mark.parametrize("seed", range(60))
def test_every_prefix_is_read_as_jiter_reads_it(seed: int) -> None:
    """Fed letter by letter, in random pieces, and whole; what was given before does not change."""
    draw = random.Random(seed)
    text = a_text(draw)
    letters, given = PartialJSON(), []
    pieces, fed = PartialJSON(), 0
    for end in range(1, len(text) + 1):
        expected = jiter.from_json(text[:end].encode(), partial_mode="trailing-strings", cache_mode="none")
        letters.feed(text[end - 1])
        assert letters.value == expected
        given.append((letters.value, copy.deepcopy(expected)))
        if end % 7 == 0:
            assert partial_value(text[:end]) == expected
        if draw.random() < 0.1:
            pieces.feed(text[fed:end])
            fed = end
            assert pieces.value == expected
    assert letters.complete
    assert letters.value == loads(text)
    assert all(value == then for value, then in given)


def broken(draw: random.Random) -> str:
    """A text with a letter more, less, or another one."""
    text = a_text(draw)
    at = draw.randrange(len(text))
    other: str = draw.choice(["", *'{}[]",:\\1e.-tn x\x00'])
    return text[:at] + other + text[at + draw.randrange(2) :]


@pytest.mark.parametrize("seed", range(150))
def test_what_is_no_json_is_seen_however_it_comes(seed: int) -> None:
    draw = random.Random(seed)
    text = broken(draw)
    whole = read([text])
    try:
        expected = loads(text)
    except DecodeError:
        assert not whole.complete or "something more comes" in str(whole.error)
    else:
        assert whole.value == expected
        assert whole.error is None
    for pieces in (list(text), [text[i : i + 3] for i in range(0, len(text), 3)]):
        for asking in (False, True):
            reader = read(pieces, asking=asking)
            assert (reader.value, str(reader.error)) == (whole.value, str(whole.error))
            assert reader.complete is whole.complete


# -- however it is cut -------------------------------------------------------------------------------------------------


def pieces_of(draw: random.Random, text: str, longest: int) -> list[str]:
    """The text in pieces of random lengths, nothing among them."""
    pieces = []
    while text:
        length = draw.randrange(longest + 1)
        pieces.append(text[:length])
        text = text[length:]
    return pieces


@pytest.mark.parametrize("longest", [1, 3, 12, 90, 400])
@pytest.mark.parametrize("seed", range(25))
@pytest.mark.parametrize("make", [a_text, broken])
def test_each_way_to_read_gives_the_same(make: Any, seed: int, longest: int) -> None:
    """A piece within a string, one that ends in the midst of anything, and many parts at once are read by different
    lines; asking at every piece, now and then, and of what came so far in one piece have to agree."""
    draw = random.Random(seed)
    text = make(draw)
    often, seldom, fed = PartialJSON(), PartialJSON(), ""
    for piece in pieces_of(draw, text, longest):
        fed += piece
        often.feed(piece)
        seldom.feed(piece)
        whole = read([fed])
        assert (often.value, often.complete, str(often.error)) == (whole.value, whole.complete, str(whole.error))
        if draw.random() < 0.2:
            assert (seldom.value, seldom.complete, str(seldom.error)) == (whole.value, whole.complete, str(whole.error))


@pytest.mark.parametrize("longest", [1, 12, 90])
@pytest.mark.parametrize("seed", range(25))
def test_a_change_of_the_value_is_counted(seed: int, longest: int) -> None:
    draw = random.Random(seed)
    reader, before, changes = PartialJSON(), None, 0
    for piece in pieces_of(draw, a_text(draw), longest):
        reader.feed(piece)
        assert reader.value == before or reader.changes > changes
        before, changes = copy.deepcopy(reader.value), reader.changes


@pytest.mark.parametrize("piece", ["", "x", "\\n"])
@pytest.mark.parametrize("text", ['{"a": 1, "ke', '["\\ud83d'])
def test_what_does_not_show_yet_is_no_change(text: str, piece: str) -> None:
    reader = read([text], asking=True)
    before, changes = reader.value, reader.changes
    reader.feed(piece if text.startswith("{") else "\\"[: len(piece)])
    assert reader.value == before
    assert reader.changes == changes


# -- what jiter cannot be asked ----------------------------------------------------------------------------------------

ROWS: list[tuple[str, Any, str | None]] = [
    ("", None, None),
    ("null", None, None),
    ("  -", None, None),
    ("12", 12, None),
    ("[1, 2.", [1], None),
    ('{"a": 1, "a": 2', {"a": 2}, None),
    ('{"a": 1, "a": 2.', {"a": 1}, None),
    ('["\\ud83d', [""], None),
    ('["\\ud83d\\u', [""], None),
    ('["\\ud83d\\ude00', ["\U0001f600"], None),
    ('["\\ud83dx', ["\ud83dx"], None),
    ('["\\ud83d"]', ["\ud83d"], None),
    ('["' + "x" * 90 + "\\ud83d", ["x" * 90], None),
    ('["' + "x" * 90 + "\\n", ["x" * 90 + "\n"], None),
    ('["' + "x" * 90 + "\\", ["x" * 90], None),
    ('["' + "x" * 90 + '\\n", 1', ["x" * 90 + "\n", 1], None),
    ('["a\nb"]', ["a"], "no such escape, or a control character, at character 3"),
    ('["a\\x"]', ["a"], "no such escape, or a control character, at character 3"),
    ('{"a": 1,}', {"a": 1}, "a key in quotes is missing at character 8"),
    ("[1,]", [1], "no value at character 3"),
    ("[1 2", [1], "a comma is missing at character 3"),
    ('{"a"x', {}, "a colon is missing at character 4"),
    ("[1]x", [1], "something more comes at character 3"),
    ("[1],", [1], "something more comes at character 3"),
    ("1, 2", 1, "something more comes at character 1"),
    ('"a"]', "a", "something more comes at character 3"),
    ("[1.x", [], "no value at character 1"),
    ("[tr]", [], "no such word at character 1"),
    ("[NaN", [], "no value at character 1"),
    ("[1e999,", [], "a number that is too large at character 1"),
    ("Infinity", None, "no value at character 0"),
]


@pytest.mark.parametrize(("text", "value", "error"), ROWS)
def test_rows(text: str, value: Any, error: str | None) -> None:
    for pieces in ([text], list(text)):
        for asking in (False, True):
            reader = read(pieces, asking=asking)
            assert reader.value == value
            assert str(reader.error) == (f"not JSON: {error}" if error else "None")
            assert reader.value == value  # and again


def test_after_an_error_nothing_counts() -> None:
    reader = read(["[1 ", "2"])
    assert reader.value == [1]
    reader.feed(", 3]")
    assert reader.value == [1]
    assert not reader.complete


@pytest.mark.parametrize("opener", ["[", '{"a":'])
def test_the_depth_has_a_bound(opener: str) -> None:
    closer = {"[": "]", "{": "}"}[opener[0]]
    allowed = opener * DEPTH + "1" + closer * DEPTH
    assert read([allowed]).complete
    assert read(list(allowed), asking=True).value == loads(allowed)
    message = f"more than {DEPTH} arrays and objects within each other"
    for text in (opener + allowed + closer, opener * 100_000, f"[{allowed},[{allowed}]]"):
        for asking in (False, True):
            reader = read([text[:1000], text[1000:]], asking=asking)
            assert reader.value is not None
            assert message in str(reader.error)


@pytest.mark.parametrize("form", ["%s", "-%s", "0.%s"])
def test_the_digits_of_a_number_have_a_bound(form: str) -> None:
    """Python has one for integers, since reading them takes a time that grows with the square of it."""
    allowed = form % ("1" * (NUMBER_DIGITS - len(form % "") + form.startswith("-")))
    for text in (f"[{allowed}]", f"[{allowed}"):
        assert read([text]).value == [loads(allowed)]
    for text in (f"[{allowed}1]", f"[{allowed}1"):
        for pieces in ([text], [text[:100], *text[100:]]):
            reader = read(pieces, asking=True)
            assert reader.value == []
            assert "a number of too many digits" in str(reader.error)
    with pytest.raises(DecodeError):
        loads(f"[{allowed}1]")


# -- what may be kept, and what asking costs ---------------------------------------------------------------------------


def test_up_to_a_size_each_value_is_one_of_its_own_and_then_it_is_one_that_grows() -> None:
    reader = PartialJSON()
    reader.feed('{"whole": [1, {"a": 2}], "open": [["')
    first = reader.value
    reader.feed("x")
    second = reader.value
    assert first == {"whole": [1, {"a": 2}], "open": [[""]]}
    assert second == {"whole": [1, {"a": 2}], "open": [["x"]]}
    assert first["whole"] is second["whole"]
    reader.feed("y" * KEPT)
    third = reader.value
    reader.feed("z")
    assert reader.value is third
    assert third["open"][0][0] == f"x{'y' * KEPT}z"
    reader.feed('"]]}')
    assert reader.value is third
    assert reader.complete


@pytest.mark.parametrize(
    "document",
    [
        {"text": "a" * 40_000},
        {"text": 'say "hi"\n' * 4000, "é" * 9000: 1},
        [{"id": number, "tags": ["x", "é"], "price": number / 7} for number in range(900)],
        list(range(9000)),
    ],
    ids=["text", "escapes", "records", "numbers"],
)
def test_what_is_read_twice_is_a_few_characters_for_each_piece(document: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that asking at each piece takes a time in proportion to the text, however long it is."""
    text = json.dumps(document, ensure_ascii=False)
    waiting = []
    wait = _Reader._wait

    def counted(self: _Reader, text: str, at: int) -> str:
        waiting.append(len(text) - at)
        return wait(self, text, at)

    monkeypatch.setattr(_Reader, "_wait", counted)
    reader = PartialJSON()
    for at in range(0, len(text), 8):
        reader.feed(text[at : at + 8])
        assert reader.value is not None
    assert reader.value == document
    assert max(waiting, default=0) < 32


def test_asking_again_gives_the_same_object() -> None:
    reader = read(['{"open": ["'])
    assert reader.value is reader.value
    assert reader.value["open"] is reader.value["open"]


def test_nothing_is_left_for_the_garbage_collector() -> None:
    """What was read may be large."""
    gc.collect()
    reader = read(['{"open": ["x'], asking=True)
    reader.feed("y")
    assert reader.value == {"open": ["xy"]}
    assert any(type(one) is _Reader for one in gc.get_objects())
    gc.disable()
    try:
        del reader
        assert not any(type(one) is _Reader for one in gc.get_objects())
    finally:
        gc.enable()


def test_a_reading_that_is_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes later is not read, and says so; the value stays."""

    def interrupted(*_: Any) -> str:
        raise KeyboardInterrupt

    reader = PartialJSON()
    reader.feed('["a", "b')
    assert reader.value == ["a", "b"]
    with monkeypatch.context() as patch:
        patch.setattr(_Reader, "_wait", interrupted)
        reader.feed("\\")
        with pytest.raises(KeyboardInterrupt):
            _ = reader.value
    reader.feed('n"]')
    assert reader.value == ["a", "b"]
    assert "interrupted" in str(reader.error)


# -- the pieces of a call ----------------------------------------------------------------------------------------------


def test_the_value_after_any_number_of_pieces() -> None:
    pieces = Pieces()
    for text in ('{"city": "Par', "is", '", "days": [1', ", 2", "]}"):
        pieces.texts.append(text)
    expected = [
        None,
        {"city": "Par"},
        {"city": "Paris"},
        {"city": "Paris", "days": [1]},
        {"city": "Paris", "days": [1, 2]},
        {"city": "Paris", "days": [1, 2]},
    ]
    for order in (range(6), reversed(range(6)), [3, 1, 3, 5, 5]):
        for count in order:
            assert pieces.value(count) == expected[count]


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda pieces: pickle.loads(pickle.dumps(pieces))])
def test_a_copy_reads_for_itself(copied: Any) -> None:
    pieces = Pieces(['{"city": "Par'])
    assert pieces.value(1) == {"city": "Par"}
    other = copied(pieces)
    other.texts.append('ma"}')
    pieces.texts.append('is"}')
    assert other.value(2) == {"city": "Parma"}
    assert pieces.value(2) == {"city": "Paris"}


def test_threads_may_ask_at_once() -> None:
    text = json.dumps([f"number {number}" for number in range(3000)])
    pieces = Pieces()
    found: list[Any] = []

    def ask() -> None:
        value = None
        while value is None or len(value) < 3000 or value[-1] != "number 2999":
            value = pieces.value(len(pieces.texts))
        found.append(value)

    threads = [threading.Thread(target=ask, daemon=True) for _ in range(3)]
    for thread in threads:
        thread.start()
    for start in range(0, len(text), 7):
        pieces.texts.append(text[start : start + 7])
    for thread in threads:
        thread.join(30)
    assert found == [json.loads(text)] * 3
