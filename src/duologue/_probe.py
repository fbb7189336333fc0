"""Whether an Ollama answers, and which models it has: the one thing that `Client.from_env()` asks anybody.

https://docs.ollama.com/api/tags
"""

from __future__ import annotations

import json
import threading
from urllib.parse import urlsplit

# It is on this machine or next to it. A server that takes longer is not what somebody without any key has in mind.
_SECONDS = 0.5
_MOST_BYTES = 1 << 20


def ollama_models(base_url: str) -> tuple[str, ...] | None:
    """The models of the Ollama at this address, the one last changed first; None where none answers in half a
    second."""
    found: list[tuple[str, ...] | None] = []
    # A socket's timeout bounds each read of it, but neither all of them together nor the search for its name.
    asking = threading.Thread(target=lambda: found.append(_ask(base_url)), daemon=True)
    asking.start()
    asking.join(_SECONDS)
    return found[0] if found else None


def _ask(base_url: str) -> tuple[str, ...] | None:
    from http.client import HTTPConnection, HTTPException, HTTPSConnection

    url = urlsplit(base_url)
    kind = HTTPSConnection if url.scheme == "https" else HTTPConnection
    try:
        connection = kind(url.hostname or "", url.port, timeout=_SECONDS)
    except (HTTPException, ValueError):
        return None
    try:
        connection.request("GET", f"{url.path.rstrip('/')}/api/tags")
        response = connection.getresponse()
        return _names(response.read(_MOST_BYTES)) if response.status == 200 else None
    except (OSError, HTTPException, ValueError):
        return None
    finally:
        connection.close()


def _names(body: bytes) -> tuple[str, ...] | None:
    """The names out of the answer; None where it is not Ollama's."""
    answer = json.loads(body)
    models = answer.get("models") if isinstance(answer, dict) else None
    if not isinstance(models, list):
        return None
    return tuple(model["name"] for model in models if isinstance(model, dict) and isinstance(model.get("name"), str))
