"""What is measured, a module each, with a class for each twin: `Blocking(url, shape)` and `Async(url, shape)`.

- `run()` reads one stream and gives the number of characters of its text, or None where it does not look;
- `pieces()` gives the text piece by piece;
- `arguments()` gives the arguments of the one tool call; not every subject has it.
- `close()` or `aclose()` at the end.

`a` is httpx with its bytes thrown away, `c` the loop that people write by hand, `us` duologue. The others are clients
of other people, each in an environment of its own (`bench/environments.py`).
"""
