"""The embedded model behind the provider `local`: nothing to sign up for, nothing to start by hand.

Takes nothing; gives the address and key of an OpenAI-compatible server (llama.cpp with
SmolLM2-135M-Instruct) on this machine. Raises `duologue.errors.ConfigurationError` with what to do about it.
Importing this is cheap: the engine and the HTTP client are only loaded by the functions that need them.
"""

from duologue.local._model import model_path
from duologue.local._serve import serve
from duologue.local._server import LocalServer, ensure_server, start_server

__all__ = ["LocalServer", "ensure_server", "model_path", "serve", "start_server"]
