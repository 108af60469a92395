"""Cross-origin access to `/mcp` for clients that run in a browser, such as MCP Inspector (Fetch, CORS protocol).

Any origin may call: the endpoint reads no cookie, so a page can do no more than any program with the same token.
"""

from __future__ import annotations

from collections.abc import Mapping

from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import Message

_ALLOWED_HEADERS = frozenset({"authorization", "content-type", "accept", "last-event-id", "x-request-id"})
_ALLOWED_PREFIX = "mcp-"
MAX_AGE_SECONDS = 86400


def preflight(headers: Mapping[str, str]) -> Response:
    """The answer to a preflight, which carries no credentials: the requested headers that clients of MCP send."""
    requested = [name.strip().lower() for name in headers.get("access-control-request-headers", "").split(",")]
    allowed = [name for name in requested if name in _ALLOWED_HEADERS or name.startswith(_ALLOWED_PREFIX)]
    return Response(
        status_code=204,
        headers={
            "Allow": "POST, OPTIONS",
            "Access-Control-Allow-Methods": "POST, GET, DELETE, OPTIONS",
            "Access-Control-Allow-Headers": ", ".join(allowed or sorted(_ALLOWED_HEADERS)),
            "Access-Control-Max-Age": str(MAX_AGE_SECONDS),
        },
    )


def allow_any_origin(message: Message) -> None:
    """Let a script of any origin read the answer that `message` starts, its challenge included."""
    headers = MutableHeaders(scope=message)
    headers["Access-Control-Allow-Origin"] = "*"
    headers["Access-Control-Expose-Headers"] = "WWW-Authenticate, Mcp-Session-Id, Retry-After, X-Request-ID"
