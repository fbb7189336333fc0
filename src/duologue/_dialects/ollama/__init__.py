"""Ollama's own chat format, `/api/chat`: JSON lines, the last of them with `done: true`.

https://docs.ollama.com/api/chat
"""

from duologue._dialects.ollama.decode import Decoder
from duologue._dialects.ollama.encode import FIELDS, UNSUPPORTED, encode

__all__ = ["FIELDS", "FILES", "FRAMING", "MODELS_PATH", "UNSUPPORTED", "Decoder", "encode"]

FRAMING = "jsonl"
FILES = False
MODELS_PATH = "/api/tags"
