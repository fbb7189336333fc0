"""OpenAI's Chat Completions, the format that most servers speak.

https://platform.openai.com/docs/api-reference/chat
"""

from duologue._dialects.openai_chat.decode import Decoder
from duologue._dialects.openai_chat.encode import FIELDS, encode

__all__ = ["END_MARKER", "FIELDS", "FRAMING", "MODELS_PATH", "Decoder", "encode"]

FRAMING = "sse"
END_MARKER = "done_line"
MODELS_PATH = "/models"
