"""What a wire format outside this package is made of; docs/providers.md shows one.

A dialect is a module (or another object) with `FRAMING`, `encode` and `Decoder`, as `Dialect` says. A package offers it
by an entry point in the group `duologue.dialects`, under the name that a `Provider` gives as its `dialect`.
"""

from duologue._dialects import FRAMINGS, Decoder, Dialect, Wire
from duologue._dialects.api_errors import api_error
from duologue._dialects.noise import Noise
from duologue._dialects.request import arguments_object, data_url, encode_fields, merged, named
from duologue._frames.array import END as ARRAY_END
from duologue._frames.array import Element as ArrayElement
from duologue._frames.eventstream import Message as EventStreamMessage
from duologue._frames.sse import ServerSentEvent
from duologue._json import loads

__all__ = [
    "ARRAY_END",
    "FRAMINGS",
    "ArrayElement",
    "Decoder",
    "Dialect",
    "EventStreamMessage",
    "Noise",
    "ServerSentEvent",
    "Wire",
    "api_error",
    "arguments_object",
    "data_url",
    "encode_fields",
    "loads",
    "merged",
    "named",
]
