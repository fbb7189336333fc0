"""Text files as text, for a provider that takes no documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from duologue.errors import UnsupportedError
from duologue.models import FileContent, TextContent

if TYPE_CHECKING:
    from duologue.models import ChatRequest, ContentPart, Message, Provider

# Text, though its media type does not begin with the word.
_TEXT = frozenset(
    f"application/{name}"
    for name in ("json", "ld+json", "xml", "yaml", "x-yaml", "toml", "javascript", "x-sh", "sql", "graphql", "x-ndjson")
)
_ENDINGS = ("+json", "+xml", "+yaml")
_NO_FILES = ("content.file", "content.file.data")


def with_text_files(
    request: ChatRequest, provider: Provider, dialect: object, supports_files: bool | None = None
) -> ChatRequest:
    """The request with its text files as text, where nothing takes documents: not the provider by its row, not the
    format, or not the model as far as that is known. Other files stay, for who refuses them to say why.

    Raises:
        UnsupportedError: one is in another encoding than UTF-8.
    """
    refused = supports_files is False or any(way in provider.unsupported for way in _NO_FILES)
    if (getattr(dialect, "FILES", True) and not refused) or not _has_files(request):
        return request
    return attrs.evolve(request, messages=[_message(message) for message in request.messages])


def _has_files(request: ChatRequest) -> bool:
    return any(isinstance(part, FileContent) for message in request.messages for part in message.content)


def _message(message: Message) -> Message:
    return attrs.evolve(message, content=[_part(part) for part in message.content])


def _part(part: ContentPart) -> ContentPart:
    if not isinstance(part, FileContent) or part.data is None or not _is_text(part.media_type or ""):
        return part
    try:
        text = part.data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UnsupportedError("a provider without documents takes text files in UTF-8 only, as text") from None
    name = "" if part.filename is None else f' name="{part.filename.replace(chr(34), chr(39))}"'
    return TextContent(f"<file{name}>\n{text}\n</file>")


def _is_text(media_type: str) -> bool:
    kind = media_type.partition(";")[0].strip().lower()
    return kind.startswith("text/") or kind in _TEXT or kind.endswith(_ENDINGS)
