"""Anthropic's Messages API.

https://platform.claude.com/docs/en/api/messages
"""

from duologue._dialects.anthropic_messages.decode import Decoder
from duologue._dialects.anthropic_messages.encode import FIELDS, UNSUPPORTED, encode

__all__ = ["FIELDS", "FRAMING", "MODELS_PATH", "UNSUPPORTED", "Decoder", "encode"]

FRAMING = "sse"
MODELS_PATH = "/v1/models?limit=1"
