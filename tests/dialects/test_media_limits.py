"""How large, and how many, attachments may be."""

from __future__ import annotations

import base64
import random
from typing import TYPE_CHECKING, Any

import pytest

from duologue import (
    AudioContent,
    ChatRequest,
    Client,
    ConfigurationError,
    FileContent,
    ImageContent,
    Message,
    Provider,
    UnsupportedError,
    register_provider,
)
from duologue._core.registry import _added
from duologue._dialects.media_limits import LIMITS, check_media, check_size
from duologue._tables import PROVIDERS
from tests.kit.server import ScriptedServer, reply
from tests.kit.wire import answer
from tests.test_image_size import png

if TYPE_CHECKING:
    from tests.kit.twins import Twin

IMAGE = ImageContent.from_bytes(png(30, 20))
SIZE = len(IMAGE.data or b"")
BY_URL = ImageContent.from_url("https://example.com/a.png")
PDF = FileContent.from_bytes(b"%PDF-1.7" + bytes(92))
DOCX_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
DOCX = FileContent(data=bytes(100), media_type=DOCX_TYPE)
TABLE = FileContent.from_bytes(b"a,b\n" + bytes(96), "text/csv")
SOUND = AudioContent.from_bytes(b"ID3" + bytes(47))


def refusal(limits: dict[str, int], *parts: Any, size: int = 1000) -> str | None:
    provider = Provider("acme", "Acme", "openai-chat", "", media_limits=limits)
    request = ChatRequest([Message.user(["Look", *parts])])
    try:
        check_media(request, provider)
        check_size(request, provider, size)
    except UnsupportedError as reason:
        return str(reason)
    return None


@pytest.mark.parametrize(
    ("limit", "most", "parts", "words"),
    [
        ("images", 2, [IMAGE, BY_URL, IMAGE], "images in a request; got 3"),
        ("image_bytes", 60, [BY_URL, IMAGE], f"bytes of an image; got {SIZE}"),
        ("image_side", 29, [IMAGE], "pixels of an image's longer side; got 30"),
        ("image_pixels", 599, [IMAGE], "pixels of an image; got 600"),
        ("files", 1, [PDF, FileContent(file_id="f")], "files in a request; got 2"),
        ("file_bytes", 99, [PDF], "bytes of a document; got 100"),
        ("pdf_bytes", 99, [PDF], "bytes of a PDF; got 100"),
        ("docx_bytes", 99, [DOCX], "bytes of a DOCX file; got 100"),
        ("other_file_bytes", 99, [PDF, DOCX, TABLE], "bytes of a document that is neither PDF nor DOCX; got 100"),
        ("all_images_bytes", 100, [IMAGE, BY_URL, IMAGE], f"bytes of all images in a request; got {2 * SIZE}"),
        ("all_files_bytes", 199, [PDF, IMAGE, DOCX], "bytes of all documents in a request; got 200"),
        ("audio_bytes", 49, [SOUND], "bytes of a recording; got 50"),
        ("request_bytes", 999, [SOUND], "bytes of a request; got 1,000"),
        ("image_request_bytes", 999, [IMAGE], "bytes of a request; got 1,000"),
    ],
)
def test_more_than_the_provider_takes(limit: str, most: int, parts: list[Any], words: str) -> None:
    assert refusal({limit: most}, *parts) == f"Acme takes at most {most:,} {words} ({limit})"
    assert refusal({limit: int(words.rsplit(maxsplit=1)[-1].replace(",", ""))}, *parts) is None
    assert refusal({name: most for name in LIMITS if name != limit}, "text") is None


def test_smaller_ones_where_there_are_many() -> None:
    limits = {"many_images": 2, "many_images_side": 29, "image_side": 30}
    assert refusal(limits, IMAGE, IMAGE) is None
    words = "Acme takes at most 29 pixels of an image's longer side, where there are so many; got 30 (many_images_side)"
    assert refusal(limits, IMAGE, IMAGE, BY_URL) == words


def test_what_is_sent_by_url_is_measured_by_the_provider() -> None:
    limits = {name: 1 for name in LIMITS if name not in ("images", "files")}
    assert (
        refusal(limits, BY_URL, FileContent.from_url("https://h/a.pdf"), AudioContent.from_url("https://h/a")) is None
    )
    assert refusal({"image_request_bytes": 1, "pdf_bytes": 1}, SOUND, FileContent(data=b"ab")) is None
    assert refusal({"image_side": 1}, ImageContent(data=b"odd", media_type="image/x-own")) is None
    assert refusal({"other_file_bytes": 1}, FileContent(data=b"ab"), SOUND) is None


@pytest.mark.parametrize("provider", PROVIDERS.values(), ids=lambda provider: provider.name)
def test_the_rows_name_limits_that_there_are(provider: Provider) -> None:
    assert provider.media_limits.keys() <= LIMITS.keys()
    assert all(most > 0 for most in provider.media_limits.values())


def test_a_row_of_a_user_is_held_to_the_names() -> None:
    with pytest.raises(ConfigurationError, match="media_limits of 'acme': there is no 'image_megabytes'"):
        register_provider("acme", dialect="openai-chat", media_limits={"image_megabytes": 1})
    assert "acme" not in _added


def test_a_request_is_refused_before_it_is_sent() -> None:
    wide = ImageContent.from_bytes(png(8001, 1))
    with Client("anthropic", api_key="k") as client:
        with pytest.raises(UnsupportedError, match="Anthropic takes at most 8,000 pixels of an image's longer side"):
            client.stream(Message.user(wide))
        with pytest.raises(UnsupportedError, match=r"Anthropic takes at most 33,554,432 bytes of a request; got 3"):
            client.stream(Message.user(FileContent.from_bytes(b"%PDF-" + bytes(26 * 1024 * 1024))))
    with Client("anthropic", api_key="k", base_url="https://example.com") as elsewhere:
        elsewhere.stream(Message.user(wide)).close()  # another server's limits are its own


@pytest.mark.parametrize(
    ("provider", "limit"),
    [("anthropic", "image_bytes"), ("fireworks", "all_images_bytes")],
)
def test_where_a_provider_measures_base64(provider: str, limit: str) -> None:
    """Its row has the bytes before that."""
    most = PROVIDERS[provider].media_limits[limit]
    assert len(base64.b64encode(bytes(most))) == 10 * 1024 * 1024


async def test_an_attachment_arrives_whole(twin: Twin) -> None:
    """Larger than what is written at once."""
    data = b"%PDF-1.7" + random.Random(3).randbytes(300_000)
    with ScriptedServer(reply(answer("x"))) as server:
        async with twin.Client("llamacpp:m-1", base_url=server.base_url) as client:
            await client.chat(Message.user(["Look", FileContent.from_bytes(data, filename="a.pdf")]))
    [_, part] = server.requests[0].json()["messages"][0]["content"]
    head, _, text = part["file"]["file_data"].partition(",")
    assert head == "data:application/pdf;base64"
    assert base64.b64decode(text) == data
