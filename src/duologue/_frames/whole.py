"""From bytes to one text, at their end: a body that is not streamed."""

from __future__ import annotations

from duologue.errors import LimitExceeded


class WholeReader:
    """Holds a body until it ends. With `cut`, for errors, what is longer than `max_bytes` is left out instead of
    refused, and an empty body is a text as well."""

    __slots__ = ("_cut", "_held", "_max_bytes", "_size")

    def __init__(self, *, max_bytes: int | None = None, cut: bool = False) -> None:
        self._max_bytes = max_bytes
        self._cut = cut
        self._held: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes) -> list[str]:
        """Nothing yet, or the text where it is cut here: nobody has to wait for the rest.

        Raises:
            LimitExceeded: the body is longer than `max_bytes`.
        """
        if self._max_bytes is not None and self._size + len(data) > self._max_bytes:
            if not self._cut:
                raise LimitExceeded(f"an answer of more than {self._max_bytes} bytes", limit="max_event_bytes")
            self._held.append(data[: self._max_bytes - self._size])
            return self.close()
        self._held.append(data)
        self._size += len(data)
        return []

    def close(self) -> list[str]:
        """The body's text."""
        text = b"".join(self._held).decode("utf-8", "replace")
        return [text] if self._cut or text.strip() else []
