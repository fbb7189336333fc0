"""The page of what each format can carry: it is what the encoders say, and nothing that is sent gets lost."""

from __future__ import annotations

import re

import attrs
import pytest

from duologue import ChatRequest, Message, TextContent, ToolCall
from duologue._dialects import _MODULES, find_dialect
from duologue._dialects.text_files import with_text_files
from tools import support
from tools.support import FIELDS, MESSAGES, MODELS, PAGE, _provider, main, page, refusal, says_nothing

DIALECTS = sorted(_MODULES)
# What asks for nothing: it is the same as saying nothing.
AS_IT_IS = {"`tool_choice`: `auto`"}
# What each row of messages is without what it asks for.
LOOK = [Message.user([TextContent("Look")])]
CALLED = [Message.user("Do"), Message.assistant(tool_calls=[ToolCall("c1", "f", "{}")])]
PLAIN = {label: CALLED if "tool result" in label else LOOK for label in MESSAGES}


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text("utf-8") == page()


def test_every_field_of_a_request_is_on_it() -> None:
    given = {name for fields in FIELDS.values() for name in fields}
    missing = {field.name for field in attrs.fields(ChatRequest)} - given - {"messages", "model"}
    assert missing == set(), "add a row to FIELDS in tools/support.py"
    kinds = {part.type for messages in MESSAGES.values() for message in messages for part in message.content}
    assert kinds == {"text", "image", "file", "audio", "cache_point"}


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("label", sorted(FIELDS.keys() - AS_IT_IS))
def test_what_is_sent_is_not_dropped(dialect: str, label: str) -> None:
    """A request with the field is another body than one without, or it is refused with the field's name."""
    provider, fields = _provider(dialect), FIELDS[label]
    *others, asked = fields
    reason = refusal(provider, ChatRequest("Hi", **fields))
    if reason is not None:
        assert re.search(rf"\b{asked}\b|\bforce a tool call\b|\bstrict\b", reason)
        return
    encode, model = find_dialect(dialect).encode, MODELS.get(dialect, "m")
    with_it = encode(ChatRequest("Hi", **fields), provider, model=model, stream=True).body
    without = encode(ChatRequest("Hi", **{name: fields[name] for name in others}), provider, model=model, stream=True)
    assert with_it != without.body


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("label", MESSAGES)
def test_no_part_of_a_message_is_dropped(dialect: str, label: str) -> None:
    """Whatever is in it is in the body, or it is refused, or the page says that it is not."""
    provider = _provider(dialect)
    if refusal(provider, ChatRequest(MESSAGES[label])) is not None or says_nothing(provider, label):
        return
    encode, model = find_dialect(dialect).encode, MODELS.get(dialect, "m")
    request = with_text_files(ChatRequest(MESSAGES[label]), provider, find_dialect(dialect))
    with_it = encode(request, provider, model=model, stream=True).body
    assert with_it != encode(ChatRequest(PLAIN[label]), provider, model=model, stream=True).body


def test_a_refusal_is_given_as_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(support, "FIELDS", {"`seed`": {"seed": 1}})
    monkeypatch.setattr(support, "MESSAGES", {"text": [Message.user([TextContent("Hi")])]})
    text = page()
    assert "| `seed` | no (1) | no (2) | yes | yes | yes | yes | no (3) |" in text
    assert "1. the anthropic-messages format has no seed: " in text
    assert "| text | yes | yes | yes | yes | yes | yes | yes |" in text


def test_a_stale_page_is_found(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path_factory.mktemp("docs") / "support.md"
    monkeypatch.setattr(support, "PAGE", path)
    assert main(["--check"]) == 1
    assert main([]) == 0
    assert main(["--check"]) == 0
    path.write_text(path.read_text("utf-8").replace("yes", "no", 1), "utf-8")
    assert main(["--check"]) == 1
