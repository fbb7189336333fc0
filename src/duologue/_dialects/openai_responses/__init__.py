"""OpenAI's Responses, and the servers that answer under `/responses` as it does.

https://platform.openai.com/docs/api-reference/responses

An answer is a list of items: messages, reasoning, calls, and the work of tools that ran on the provider's side. In a
`Message` each item is followed by an `UnknownContent` with the item as the provider gave it, but for what the parts
before it and the tool calls already hold; a call keeps the rest of its item, and its place, in `extra`. So the items
can be put together again as they were.
"""

from duologue._dialects.openai_responses.decode import Decoder
from duologue._dialects.openai_responses.encode import FIELDS, UNSUPPORTED, encode

__all__ = ["FIELDS", "FRAMING", "MODELS_PATH", "UNSUPPORTED", "Decoder", "encode"]

FRAMING = "sse"
MODELS_PATH = "/models"
