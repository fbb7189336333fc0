"""What the encoders share."""

from __future__ import annotations

from typing import Any

import pytest

from duologue import ChatRequest, FileContent, ImageContent, ToolCall, UnsupportedError
from duologue._dialects.request import arguments_object, data_url, encode_fields, merged, named


def test_fields_go_where_their_table_says() -> None:
    request = ChatRequest("hi", temperature=0, stop=["a", "b"], seed=7)
    fields = {"temperature": named("t"), "stop": named("options", "stop"), "seed": named("options", "seed")}
    assert encode_fields(request, fields, {}, where="x") == {"t": 0, "options": {"stop": ["a", "b"], "seed": 7}}


def test_what_has_no_place_is_refused_unless_it_asks_for_nothing() -> None:
    refused = {"n": "it gives one answer"}
    assert encode_fields(ChatRequest("hi", n=1), {}, refused, where="the x format") == {}
    with pytest.raises(UnsupportedError, match=r"^the x format has no n: it gives one answer$"):
        encode_fields(ChatRequest("hi", n=2), {}, refused, where="the x format")


@pytest.mark.parametrize(
    ("under", "over", "expected"),
    [
        ({"a": {"b": 1, "c": 2}}, {"a": {"c": 3}}, {"a": {"b": 1, "c": 3}}),
        ({"a": [1]}, {"a": [2]}, {"a": [2]}),
        ({"a": {"b": 1}}, {"a": None}, {"a": None}),
        ({"a": 1}, {"a": {"b": 1}}, {"a": {"b": 1}}),
    ],
)
def test_merging_is_key_by_key(under: Any, over: Any, expected: Any) -> None:
    before = str(under)
    assert merged(under, over) == expected
    assert str(under) == before, "neither is changed"


def test_data_as_an_address() -> None:
    assert data_url(ImageContent(data=b"\xff", media_type="image/png")) == "data:image/png;base64,/w=="
    assert data_url(FileContent(data=b"a")) == "data:application/octet-stream;base64,YQ=="
    with pytest.raises(UnsupportedError, match="file content needs url or data"):
        data_url(FileContent(file_id="f"))


def test_arguments_as_an_object() -> None:
    assert arguments_object(ToolCall("c", "f", '{"a": 1}'), where="x") == {"a": 1}
    assert arguments_object(ToolCall("c", "f", " "), where="x") == {}
    for arguments in ("[1]", '{"a":', "[" * 100_000):
        assert arguments_object(ToolCall("c", "f", arguments), where="x") == {"INVALID_JSON": arguments}
    with pytest.raises(UnsupportedError, match="x has no custom tool calls"):
        arguments_object(ToolCall("c", "f", "free text", "custom"), where="x")
