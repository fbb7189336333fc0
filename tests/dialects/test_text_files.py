"""Text files as text, where no documents are taken."""

from __future__ import annotations

from typing import Any

import pytest

from duologue import ChatRequest, FileContent, ImageContent, Message, Provider, TextContent, UnsupportedError
from duologue._dialects import find_dialect
from duologue._dialects.text_files import with_text_files
from duologue._tables import PROVIDERS

OLLAMA, CHAT = find_dialect("ollama"), find_dialect("openai-chat")
NOTES = FileContent.from_bytes("\ufeffgrüß\n".encode(), "text/plain; charset=utf-8", filename='a "b".txt')
REQUEST = ChatRequest([Message.system("s"), Message.user(["See", NOTES]), Message.assistant("ok")])
AS_TEXT = TextContent("<file name=\"a 'b'.txt\">\ngrüß\n\n</file>")
DEEPSEEK, OPENAI = PROVIDERS["deepseek"], PROVIDERS["openai"]


@pytest.mark.parametrize(
    ("provider", "dialect", "supports"),
    [(DEEPSEEK, CHAT, None), (PROVIDERS["xai"], CHAT, None), (OPENAI, OLLAMA, None), (OPENAI, CHAT, False)],
)
def test_as_text(provider: Provider, dialect: Any, supports: bool | None) -> None:
    sent = with_text_files(REQUEST, provider, dialect, supports)
    assert sent.messages[1].content == (TextContent("See"), AS_TEXT)
    assert sent.messages[::2] == REQUEST.messages[::2]


@pytest.mark.parametrize("supports", [None, True])
def test_as_a_document_where_those_are_taken(supports: bool | None) -> None:
    assert with_text_files(REQUEST, OPENAI, CHAT, supports) is REQUEST
    plain = ChatRequest("hi")
    assert with_text_files(plain, DEEPSEEK, CHAT) is plain


@pytest.mark.parametrize(
    "media_type", ["text/csv", "application/json", "application/ld+json", "image/svg+xml", "APPLICATION/YAML"]
)
def test_what_is_text(media_type: str) -> None:
    request = ChatRequest([Message.user(FileContent(data=b"x", media_type=media_type))])
    assert with_text_files(request, OPENAI, OLLAMA).messages[0].text == "<file>\nx\n</file>"


@pytest.mark.parametrize(
    "part",
    [
        FileContent.from_bytes(b"%PDF-1.7"),
        FileContent(data=b"x"),
        FileContent.from_url("https://h/a.txt"),
        FileContent(file_id="f"),
        ImageContent.from_bytes(b"GIF89a"),
    ],
)
def test_what_is_none_stays_as_it_is(part: Any) -> None:
    request = ChatRequest([Message.user([part, NOTES])])
    assert with_text_files(request, DEEPSEEK, CHAT).messages[0].content == (part, AS_TEXT)


def test_another_encoding() -> None:
    request = ChatRequest([Message.user(FileContent(data="ü".encode("latin-1"), media_type="text/plain"))])
    with pytest.raises(UnsupportedError, match="takes text files in UTF-8 only"):
        with_text_files(request, DEEPSEEK, CHAT)
