"""The site's ASGI application, with what the suite expects of a server behind its gate.

The mount, the gate, the server and its transport are the site's. Only calls of tools that speak before they are done
get the streaming form of the transport: none of the site's own tools does, so the site answers with JSON.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

# First: it loads the settings.
from dexter.asgi import make_application

# isort: split
from starlette.types import ASGIApp, Receive, Scope, Send

from mcp_bridge.messages import decode, read_body, read_calls, replay_body
from mcp_bridge.server import MAX_BODY_SIZE, MCPBridgeServer, serve
from mcp_bridge.tools import Tool
from tests.conformance import content_tools, input_required, prompts, reporting_tools, resources

FIXTURES = (content_tools, input_required, prompts, reporting_tools, resources)


class FixtureServer(MCPBridgeServer):
    """The site's server with the fixtures."""

    def __init__(self, tools: Mapping[str, Tool]) -> None:
        super().__init__(tools)
        for fixtures in FIXTURES:
            fixtures.add_to(self)
        # The site's server calls no tool that it was not given at the start.
        self._known_tools = frozenset(tool.name for tool in self._tool_manager.list_tools())


@asynccontextmanager
async def run_endpoint(tools: Mapping[str, Tool]) -> AsyncIterator[ASGIApp]:
    """Run the server in both forms of the transport."""
    async with (
        serve(FixtureServer(tools)) as endpoint,
        serve(FixtureServer(tools), streaming=True) as streaming_endpoint,
    ):

        async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
            body = await read_body(receive, limit=MAX_BODY_SIZE)
            called = {call.tool for call in read_calls(decode(body))}
            chosen = streaming_endpoint if called & reporting_tools.NAMES else endpoint
            await chosen(scope, replay_body(body, receive), send)

        yield dispatch


application = make_application(run_endpoint=run_endpoint)
