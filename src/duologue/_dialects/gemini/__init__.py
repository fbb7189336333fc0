"""Google's Gemini API, `generateContent` and `streamGenerateContent`, which Vertex AI speaks as well.

https://ai.google.dev/api/generate-content
"""

from duologue._dialects.gemini.decode import Decoder
from duologue._dialects.gemini.encode import FIELDS, UNSUPPORTED, encode

__all__ = ["END_MARKER", "FIELDS", "FRAMING", "MODELS_PATH", "UNSUPPORTED", "Decoder", "encode"]

FRAMING = "sse"
END_MARKER = "finish_reason"
MODELS_PATH = "/v1beta/models?pageSize=1"
