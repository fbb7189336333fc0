"""Cohere's Chat, version 2.

https://docs.cohere.com/reference/chat
"""

from duologue._dialects.cohere.decode import Decoder
from duologue._dialects.cohere.encode import FIELDS, UNSUPPORTED, encode

__all__ = ["FIELDS", "FILES", "FRAMING", "UNSUPPORTED", "Decoder", "encode"]

FRAMING = "sse"
FILES = False
