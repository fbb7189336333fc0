"""Finding a dialect by its name."""

from __future__ import annotations

import pytest

from duologue._dialects import _MODULES, find_dialect
from duologue._tables import PROVIDERS
from duologue.errors import ConfigurationError


@pytest.mark.parametrize("name", sorted(_MODULES))
def test_every_dialect_has_what_it_takes(name: str) -> None:
    dialect = find_dialect(name)
    assert dialect.FRAMING in ("sse", "jsonl", "aws-eventstream")
    decoder = dialect.Decoder(PROVIDERS["openai"])
    assert decoder.ended is False
    assert decoder.finish == {}
    assert callable(dialect.encode)


def test_every_provider_speaks_one() -> None:
    for provider in PROVIDERS.values():
        find_dialect(provider.dialect)


def test_an_unknown_one() -> None:
    with pytest.raises(ConfigurationError, match=r"unknown dialect 'morse'; known ones: .*openai-chat"):
        find_dialect("morse")
