"""Cohere's Chat, version 2.

https://docs.cohere.com/reference/chat
"""

from duologue._dialects.cohere.decode import Decoder
from duologue._dialects.cohere.encode import FIELDS, UNSUPPORTED, encode

__all__ = ["FIELDS", "FILES", "FRAMING", "MODELS_PATH", "UNSUPPORTED", "Decoder", "encode"]

FRAMING = "sse"
FILES = False
MODELS_PATH = "/v1/models?page_size=1"
