"""What the encoders share."""

from __future__ import annotations

from typing import Any

import pytest

from duologue import AudioContent, ChatRequest, FileContent, ImageContent, ToolCall, UnsupportedError
from duologue._dialects.request import arguments_object, data_url, encode_fields, merged, named, with_data


def test_fields_go_where_their_table_says() -> None:
    request = ChatRequest("hi", temperature=0, stop=["a", "b"], seed=7)
    fields = {"temperature": named("t"), "stop": named("options", "stop"), "seed": named("options", "seed")}
    assert encode_fields(request, fields, {}, where="x") == {"t": 0, "options": {"stop": ["a", "b"], "seed": 7}}


def test_no_field_can_be_forgotten() -> None:
    request = ChatRequest("hi", top_p=0.5, n=1, extra={"own": 1})
    with pytest.raises(UnsupportedError, match=r"^the x format has no top_p$"):
        encode_fields(request, {}, {}, where="the x format")
    assert encode_fields(request, {}, {}, where="x", frame=("top_p",)) == {}


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


@pytest.mark.parametrize(
    ("url", "data", "media_type"),
    [
        ("data:image/png;base64,YWI=", b"ab", "image/png"),
        ("DATA:Image/PNG;Base64,YWI%3D", b"ab", "image/png"),
        ("data:text/plain;charset=utf-8;base64,w6Q=", "ä".encode(), "text/plain"),
        ("data:text/csv,a%2Cb,c.png", b"a,b,c.png", "text/csv"),
        ("data:,a", b"a", "text/plain"),
        ("data:;base64,", b"", "text/plain"),
    ],
)
def test_an_address_that_is_the_data(url: str, data: bytes, media_type: str) -> None:
    for part in (ImageContent.from_url(url), FileContent.from_url(url), AudioContent(url=url)):
        found = with_data(part)
        assert type(found) is type(part)
        assert (found.url, found.data, found.media_type) == (None, data, media_type)
    assert with_data(FileContent(url=url, filename="n")).filename == "n"
    assert with_data(ImageContent(url=url, detail="low")).detail == "low"


def test_what_the_address_does_not_say_the_part_may() -> None:
    assert with_data(ImageContent(url="data:;base64,YWI=", media_type="image/gif")).media_type == "image/gif"
    assert with_data(ImageContent(url="data:image/png;base64,YWI=", media_type="image/gif")).media_type == "image/png"


@pytest.mark.parametrize("url", ["https://x/data:image/png;base64,YWI=", "s3://b/k", None])
def test_other_addresses_stay(url: str | None) -> None:
    part = ImageContent(url=url, data=None if url else b"a")
    assert with_data(part) is part


@pytest.mark.parametrize(
    "url", ["data:image/png;base64", "data:image/png;base64,?secret?", "data:image/png;base64,YWI"]
)
def test_an_address_that_should_be_the_data(url: str) -> None:
    """What is in it is not shown."""
    with pytest.raises(UnsupportedError, match=r"^the data: address of image content is not in the form of RFC 2397$"):
        with_data(ImageContent(url=url))
