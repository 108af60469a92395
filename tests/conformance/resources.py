"""Resources, and the methods of older revisions that concern a session.

A stateless server has no session to remember a log level or a subscription in. It accepts them, as 2025-11-25 wants of
whoever has logging and resources, and has forgotten them by the next request.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from mcp.server.context import ServerRequestContext
from mcp.server.mcpserver import MCPServer
from mcp_types import EmptyResult, SetLevelRequestParams, SubscribeRequestParams, UnsubscribeRequestParams

from tests.conformance.content_tools import PNG


def read_text() -> str:
    """A static text."""
    return "This is the content of the static text resource."


def read_image() -> bytes:
    """A static image."""
    return base64.b64decode(PNG)


def read_data(id: str) -> str:  # noqa: A002 - the template's name for it
    """Whatever is asked for."""
    return json.dumps({"id": id, "templateTest": True, "data": f"Data for ID: {id}"})


def read_watched() -> str:
    """A text that others might watch."""
    return "Watched resource content"


async def accept(context: ServerRequestContext[Any, Any], parameters: Any) -> EmptyResult:
    """Agree."""
    return EmptyResult()


def add_to(server: MCPServer) -> None:
    """Offer the resources and the methods."""
    server.resource("test://static-text", name="Static text", mime_type="text/plain")(read_text)
    server.resource("test://static-binary", name="Static image", mime_type="image/png")(read_image)
    server.resource("test://template/{id}/data", name="Template", mime_type="application/json")(read_data)
    server.resource("test://watched-resource", name="Watched", mime_type="text/plain")(read_watched)
    # `MCPServer` has no door for these.
    lowlevel = server._lowlevel_server
    lowlevel.add_request_handler("logging/setLevel", SetLevelRequestParams, accept)
    lowlevel.add_request_handler("resources/subscribe", SubscribeRequestParams, accept)
    lowlevel.add_request_handler("resources/unsubscribe", UnsubscribeRequestParams, accept)
