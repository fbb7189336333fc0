"""The parts of a Chat Completions answer that have a shape of their own: counts, citations, sound."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from duologue._dialects.shape import a_count, an_index, some_bytes, string_or_none
from duologue.models import AudioContent, CitationContent, Usage

if TYPE_CHECKING:
    from duologue.models import FinishReason

# The five of https://platform.openai.com/docs/api-reference/chat/object, then other servers' words.
FINISH_REASONS: dict[str, FinishReason] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "content_filter": "content_filter",
    "function_call": "tool_calls",
    "eos": "stop",  # Together
    "eos_token": "stop",  # Hugging Face's own server, as the next
    "stop_sequence": "stop",
    "end_turn": "stop",
    "max_tokens": "length",
    "model_length": "length",  # Mistral
    "tool_use": "tool_calls",
    "refusal": "refusal",
    "error": "error",  # OpenRouter, Mistral
    "insufficient_system_resource": "error",  # https://api-docs.deepseek.com/api/create-chat-completion
    "sensitive": "content_filter",  # https://docs.z.ai/api-reference/llm/chat-completion, as the next two
    "network_error": "error",
    "model_context_window_exceeded": "length",
    "abort": "error",  # vLLM
}


def read_usage(usage: dict[str, Any]) -> Usage:
    """The counts out of any of the shapes that servers give them in."""
    read, written = a_count(usage, "prompt_tokens"), a_count(usage, "completion_tokens")
    prompt = usage.get("prompt_tokens_details") or {}
    completion = usage.get("completion_tokens_details") or {}
    cached = (
        a_count(prompt, "cached_tokens") or a_count(usage, "prompt_cache_hit_tokens") or a_count(usage, "cached_tokens")
    )
    return Usage(
        input_tokens=read,
        output_tokens=written,
        total_tokens=a_count(usage, "total_tokens") or read + written,
        cached_tokens=cached,
        # Perplexity has them beside the others.
        reasoning_tokens=a_count(completion, "reasoning_tokens") or a_count(usage, "reasoning_tokens"),
        source="reported",
        raw=usage,
    )


def read_citation(note: dict[str, Any]) -> CitationContent:
    """A `url_citation`, nested as OpenAI has it or flat as Xiaomi has it."""
    nested = note.get("url_citation")
    body = nested if isinstance(nested, dict) else note
    return CitationContent(
        url=string_or_none(body.get("url")),
        title=string_or_none(body.get("title")),
        text=string_or_none(body.get("content") or body.get("summary")) or "",
        start=an_index(body.get("start_index")),
        end=an_index(body.get("end_index")),
        raw=note,
    )


def read_audio(audio: dict[str, Any]) -> AudioContent:
    """Sound, or a piece of it: each piece is Base64 of its own."""
    data = some_bytes(audio.get("data"), "delta.audio.data")
    return AudioContent(
        data=data or None,
        transcript=string_or_none(audio.get("transcript")),
        id=string_or_none(audio.get("id")),
        extra={k: v for k, v in audio.items() if k not in ("data", "transcript", "id") and v is not None},
    )
