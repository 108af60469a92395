"""JSON-RPC batches, which revision 2025-03-26 alone has and obliges a server to take; the SDK refuses them.

Each message goes to the SDK as a request of its own, one after the other, and the answers are put together (MCP
2025-03-26, basic/transports, Sending Messages to the Server).
"""

from __future__ import annotations

import json
from typing import Any

from mcp_types import INVALID_REQUEST
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mcp_bridge.messages import has_malformed_id, replay_body

# The header came with 2025-06-18, so a client of 2025-03-26 sends none.
VERSIONS_WITH_BATCHES = (None, "2025-03-26")
MAX_MESSAGES = 20


def is_batch(decoded: Any, *, protocol_version: str | None) -> bool:
    """Whether to answer the body as a batch. An empty one is no batch (JSON-RPC 2.0 §6)."""
    return isinstance(decoded, list) and bool(decoded) and protocol_version in VERSIONS_WITH_BATCHES


async def answer_batch(endpoint: ASGIApp, batch: list[Any], scope: Scope, receive: Receive, send: Send) -> None:
    """Answer every request in `batch`: 200 with a list, or 202 if there are only notifications and responses."""
    if len(batch) > MAX_MESSAGES:
        refusal = _invalid_request(f"A batch may hold {MAX_MESSAGES} messages")
        await JSONResponse(refusal, status_code=400)(scope, receive, send)
        return
    answers = [await _answer_one(endpoint, message, scope, receive) for message in batch]
    owed = [answer for answer in answers if answer is not None]
    response = JSONResponse(owed) if owed else Response(status_code=202)
    await response(scope, receive, send)


async def _answer_one(endpoint: ASGIApp, message: Any, scope: Scope, receive: Receive) -> Any:
    if isinstance(message, dict) and message.get("method") == "initialize":
        return _invalid_request("initialize must not be part of a batch", message.get("id"))
    if has_malformed_id(message):
        return _invalid_request("The id must be a string or a number")
    body = bytearray()

    async def collect(event: Message) -> None:
        body.extend(event.get("body", b""))

    await endpoint(scope, replay_body(json.dumps(message).encode(), receive), collect)
    try:
        return json.loads(body)
    except ValueError:
        # 202 has no body; what is not JSON is an HTTP error that concerns the whole request, such as a wrong type.
        return _invalid_request(body.decode(errors="replace")) if body else None


def _invalid_request(message: str, request_id: Any = None) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": request_id, "error": {"code": INVALID_REQUEST, "message": message}}
