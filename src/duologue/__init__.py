"""One client for every LLM provider, in two exact twins: blocking and async.

```python
from duologue import Client

with Client("openai") as client:
    for event in client.stream("Tell me a short story"):
        print(event.text, end="")
```
"""

import typing as _typing
from importlib import import_module as _import_module

if _typing.TYPE_CHECKING:
    from duologue import errors, events
    from duologue._async import (
        AsyncClient,
        AsyncMerge,
        AsyncStream,
        AsyncToolRun,
    )
    from duologue._core.catalog import (
        register_model,
    )
    from duologue._core.checking import (
        Health,
    )
    from duologue._core.registry import (
        register_provider,
    )
    from duologue._extract import (
        extract_json,
    )
    from duologue._merge import (
        merge_streams,
    )
    from duologue._middleware import (
        Middleware,
        OutgoingRequest,
        RequestInfo,
        ResponseHead,
    )
    from duologue._params import (
        ChatParams,
    )
    from duologue._parsed import (
        ParsedResponse,
    )
    from duologue._router import (
        MessageRouter,
    )
    from duologue._serde import (
        from_dict,
        from_json,
        to_dict,
        to_json,
    )
    from duologue._sync import (
        Client,
        Merge,
        Stream,
        ToolRun,
    )
    from duologue._template import (
        PromptTemplate,
    )
    from duologue._tools.context import (
        ToolContext,
    )
    from duologue._tools.function import (
        FunctionTool,
        tool,
    )
    from duologue._version import (
        __version__,
    )
    from duologue.config import (
        ClientConfig,
        Limits,
        RetryPolicy,
        Timeouts,
    )
    from duologue.errors import (
        APIError,
        AuthenticationError,
        BadRequestError,
        ClosedError,
        ConfigurationError,
        ConnectError,
        ConnectionLost,
        ContentFilterError,
        ContentTypeError,
        DecodeError,
        DuologueError,
        EmptyResponse,
        FetchError,
        LimitExceeded,
        NotFoundError,
        OutputValidationError,
        OverloadedError,
        PermissionDeniedError,
        PoolTimeout,
        ProtocolError,
        ProxyError,
        QuotaExceededError,
        RateLimitError,
        RedirectRefused,
        ServerError,
        StreamBusyError,
        StreamInterrupted,
        StreamTimeout,
        StreamTruncated,
        TLSError,
        TransportError,
        UnsupportedError,
    )
    from duologue.events import (
        ContentDelta,
        Done,
        Error,
        ReasoningDelta,
        RefusalDelta,
        Start,
        StreamEvent,
        TextDelta,
        ToolCallDelta,
        ToolResult,
        ToolStatus,
        Unknown,
        UsageUpdate,
    )
    from duologue.models import (
        AudioContent,
        AuthScheme,
        CachePoint,
        ChatRequest,
        ChatResponse,
        Choice,
        CitationContent,
        ContentPart,
        EndMarker,
        FileContent,
        FinishReason,
        ImageContent,
        ImageDetail,
        Message,
        ModelInfo,
        Provider,
        Reasoning,
        ReasoningContent,
        RefusalContent,
        ResponseFormat,
        ResponseFormatType,
        Role,
        TextContent,
        Tool,
        ToolCall,
        UnknownContent,
        Usage,
        UsageSource,
    )

__all__ = [
    "APIError",
    "AsyncClient",
    "AsyncMerge",
    "AsyncStream",
    "AsyncToolRun",
    "AudioContent",
    "AuthScheme",
    "AuthenticationError",
    "BadRequestError",
    "CachePoint",
    "ChatParams",
    "ChatRequest",
    "ChatResponse",
    "Choice",
    "CitationContent",
    "Client",
    "ClientConfig",
    "ClosedError",
    "ConfigurationError",
    "ConnectError",
    "ConnectionLost",
    "ContentDelta",
    "ContentFilterError",
    "ContentPart",
    "ContentTypeError",
    "DecodeError",
    "Done",
    "DuologueError",
    "EmptyResponse",
    "EndMarker",
    "Error",
    "FetchError",
    "FileContent",
    "FinishReason",
    "FunctionTool",
    "Health",
    "ImageContent",
    "ImageDetail",
    "LimitExceeded",
    "Limits",
    "Merge",
    "Message",
    "MessageRouter",
    "Middleware",
    "ModelInfo",
    "NotFoundError",
    "OutgoingRequest",
    "OutputValidationError",
    "OverloadedError",
    "ParsedResponse",
    "PermissionDeniedError",
    "PoolTimeout",
    "PromptTemplate",
    "ProtocolError",
    "Provider",
    "ProxyError",
    "QuotaExceededError",
    "RateLimitError",
    "Reasoning",
    "ReasoningContent",
    "ReasoningDelta",
    "RedirectRefused",
    "RefusalContent",
    "RefusalDelta",
    "RequestInfo",
    "ResponseFormat",
    "ResponseFormatType",
    "ResponseHead",
    "RetryPolicy",
    "Role",
    "ServerError",
    "Start",
    "Stream",
    "StreamBusyError",
    "StreamEvent",
    "StreamInterrupted",
    "StreamTimeout",
    "StreamTruncated",
    "TLSError",
    "TextContent",
    "TextDelta",
    "Timeouts",
    "Tool",
    "ToolCall",
    "ToolCallDelta",
    "ToolContext",
    "ToolResult",
    "ToolRun",
    "ToolStatus",
    "TransportError",
    "Unknown",
    "UnknownContent",
    "UnsupportedError",
    "Usage",
    "UsageSource",
    "UsageUpdate",
    "__version__",
    "errors",
    "events",
    "extract_json",
    "from_dict",
    "from_json",
    "merge_streams",
    "register_model",
    "register_provider",
    "to_dict",
    "to_json",
    "tool",
]

# Each name is imported when it is first asked for: a blocking program has no use for the async twin, and hardly any
# program for all the rest. Names that are not listed are in the first of `_LAST` that has them.
_NAMES = {
    "_async": "AsyncClient AsyncMerge AsyncStream AsyncToolRun",
    "_core.catalog": "register_model",
    "_core.checking": "Health",
    "_core.registry": "register_provider",
    "_extract": "extract_json",
    "_merge": "merge_streams",
    "_middleware": "Middleware OutgoingRequest RequestInfo ResponseHead",
    "_params": "ChatParams",
    "_parsed": "ParsedResponse",
    "_router": "MessageRouter",
    "_serde": "from_dict from_json to_dict to_json",
    "_sync": "Client Merge Stream ToolRun",
    "_template": "PromptTemplate",
    "_tools.context": "ToolContext",
    "_tools.function": "FunctionTool tool",
    "_version": "__version__",
    "config": "ClientConfig Limits RetryPolicy Timeouts",
}
_LAST = ("errors", "events", "models")
_HOMES = {name: (module,) for module, names in _NAMES.items() for name in names.split()}


if not _typing.TYPE_CHECKING:  # to a type checker, every name would be one of ours

    def __getattr__(name: str) -> _typing.Any:
        if name in _LAST or name == "config":
            return _import_module(f"duologue.{name}")
        if name in __all__:
            modules = (_import_module(f"duologue.{home}") for home in _HOMES.get(name, _LAST))
            found = next(module for module in modules if hasattr(module, name))
            return globals().setdefault(name, getattr(found, name))
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
