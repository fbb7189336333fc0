"""What a running tool is told, and what it may tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from duologue.events import ToolResult

if TYPE_CHECKING:
    from collections.abc import Callable

    from duologue._tools.job import News
    from duologue.events import ToolStatus


class ToolContext:
    """Given to a tool that has a parameter of this type, which the model knows nothing of.

    Attributes:
        tool_name: the tool's name.
        call_id: the id of the call.
    """

    def __init__(self, tool_name: str, call_id: str, tell: Callable[[News], bool], is_over: Callable[[], bool]) -> None:
        self.tool_name = tool_name
        self.call_id = call_id
        self._tell = tell
        self._is_over = is_over

    @property
    def cancelled(self) -> bool:
        """Whether nobody waits for the result any more: the time is up, or the loop was left. A tool that runs in a
        thread cannot be stopped from outside, so a long one should look now and then."""
        return self._is_over()

    def progress(self, done: float, message: str | None = None, **metadata: Any) -> None:
        """Tell how much is done, from 0 to 1. The reader of the events gets it; the model does not.

        Raises:
            TypeError, ValueError: it is no number from 0 to 1, or the notes are not what JSON can say.
        """
        if not 0 <= done <= 1:
            raise ValueError(f"progress is a number from 0 to 1, got {done!r}")
        self._say("progress", metadata, progress=done, content=message)

    def data(self, content: Any, **metadata: Any) -> None:
        """Give a piece of the result to the reader of the events; the model does not get it.

        Raises:
            TypeError: JSON cannot say it.
        """
        self._say("data", metadata, content=content)

    def _say(self, status: ToolStatus, metadata: Any, **fields: Any) -> None:
        from duologue._schema import plain
        from duologue._tools.job import News

        self._tell(News(ToolResult(self.tool_name, self.call_id, status, **plain(fields), metadata=plain(metadata))))
