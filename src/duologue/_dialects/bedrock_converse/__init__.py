"""Amazon Bedrock's Converse and ConverseStream.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html
"""

from duologue._dialects.bedrock_converse.decode import Decoder
from duologue._dialects.bedrock_converse.encode import FIELDS, UNSUPPORTED, encode

__all__ = ["FIELDS", "FRAMING", "UNSUPPORTED", "Decoder", "encode"]

FRAMING = "aws-eventstream"
