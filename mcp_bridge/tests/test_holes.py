"""The holes of the MCP SDK 2.3.0 and of what is around it (connectors §3), shown there and closed on ours.

When a test fails on what the library does, an upgrade closed the hole, and what we do about it can go.
"""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import threading
import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx2
from asgiref.sync import sync_to_async
from django.db import connection, connections
from mcp.server.auth.middleware.bearer_auth import BearerAuthBackend, RequireAuthMiddleware
from mcp.server.auth.provider import AccessToken
from mcp.server.auth.routes import create_protected_resource_routes
from mcp.server.auth.settings import AuthSettings
from mcp.server.mcpserver import MCPServer
from mcp_types import Tool
from pydantic import AnyHttpUrl
from starlette.applications import Starlette
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from mcp_bridge.database import close_database_threads, run_in_database_thread
from mcp_bridge.tests.running import RunningSite
from oauth.tests.builders import make_access_token

OURS = AnyHttpUrl("http://localhost:8000/mcp")
ELSEWHERE = "https://elsewhere.example/mcp"


async def _ask(app: Any, method: str, path: str, **options: Any) -> httpx2.Response:
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost:8000") as client:
        return await client.request(method, path, **options)


def _no_app(scope: Any, receive: Any, send: Any) -> Any:
    raise AssertionError("nothing gets through")


def test_hole_11_the_challenge_names_no_scope(site: RunningSite) -> None:
    stock = asyncio.run(_ask(RequireAuthMiddleware(_no_app, ["identity.read"], OURS), "POST", "/mcp"))
    ours = site.post(None)

    # It says `invalid_token` to somebody who sent none, too (RFC 6750 §3.1).
    assert "scope=" not in stock.headers["WWW-Authenticate"]
    assert 'error="invalid_token"' in stock.headers["WWW-Authenticate"]
    assert 'scope="' in ours.headers["WWW-Authenticate"]
    assert "error=" not in ours.headers["WWW-Authenticate"]


def test_hole_11_the_protected_resource_document_has_one_form(site: RunningSite) -> None:
    app = Starlette(routes=list(create_protected_resource_routes(OURS, [OURS])))
    forms = [f"/.well-known/oauth-protected-resource{path}" for path in ("/mcp", "")]
    forms.append("/mcp/.well-known/oauth-protected-resource")

    assert [asyncio.run(_ask(app, "GET", form)).status_code for form in forms] == [200, 404, 404]
    assert [site.request("GET", form).status_code for form in forms] == [200, 200, 200]


def test_hole_11_a_tool_drops_its_security_schemes(site: RunningSite) -> None:
    schemes = [{"type": "oauth2", "scopes": ["identity.read"]}]
    stock = Tool.model_validate({"name": "t", "inputSchema": {"type": "object"}, "securitySchemes": schemes})
    _row, token = make_access_token()
    ours = site.post(token, {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}).json()

    assert "securitySchemes" not in stock.model_dump(mode="json", by_alias=True, exclude_none=True)
    assert all("securitySchemes" in tool["_meta"] for tool in ours["result"]["tools"])


def test_hole_11_the_audience_is_not_checked_unless_asked_for(site: RunningSite) -> None:
    class Verifier:
        async def verify_token(self, token: str) -> AccessToken:
            return AccessToken(token=token, client_id="c", scopes=[], resource=ELSEWHERE)

    scope = {"type": "http", "headers": [(b"authorization", b"Bearer t")]}
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        auth = AuthSettings(issuer_url=OURS, resource_server_url=OURS)
    stock = asyncio.run(BearerAuthBackend(Verifier()).authenticate(HTTPConnection(scope)))
    _row, token = make_access_token(resource=[ELSEWHERE])

    assert auth.validate_token_resource is None
    assert any("not checked" in str(warning.message) for warning in warned)
    assert stock is not None
    assert site.post(token).status_code == 401


def test_hole_12_a_mount_redirects_a_post_and_runs_no_lifespan(site: RunningSite) -> None:
    started: list[str] = []

    @asynccontextmanager
    async def live(_app: Starlette) -> AsyncIterator[None]:
        started.append("inner")
        yield

    inner = Starlette(routes=[Route("/", lambda _: PlainTextResponse("inner"), methods=["POST"])], lifespan=live)
    stock = Starlette(routes=[Mount("/mcp", inner)])

    async def live_and_ask() -> httpx2.Response:
        async with stock.router.lifespan_context(stock):
            return await _ask(stock, "POST", "/mcp")

    answer = asyncio.run(live_and_ask())

    assert (answer.status_code, answer.headers["location"]) == (307, "http://localhost:8000/mcp/")
    assert started == []
    assert [site.request("POST", path).status_code for path in ("/mcp", "/mcp/")] == [401, 401]


def test_hole_13_a_plain_tool_leaves_its_database_connection_open(transactional_db: None) -> None:
    used: list[Any] = []

    def query() -> str:
        connection.ensure_connection()
        used.append(connections["default"])
        return "done"

    async def call_stock() -> None:
        server = MCPServer()
        server.add_tool(query)
        await server.call_tool("query", {})

    asyncio.run(call_stock())
    asyncio.run(_run_here(query))
    close_database_threads()

    stock, ours = used
    assert stock.connection is not None
    assert ours.connection is None
    stock.inc_thread_sharing()
    stock.close()


async def _run_here(function: Callable[[], str]) -> None:
    await run_in_database_thread(function)


def test_hole_13_the_usual_helper_queues_everything_on_one_thread() -> None:
    def meet(barrier: threading.Barrier) -> bool:
        try:
            barrier.wait(1)
        except threading.BrokenBarrierError:
            return False
        return True

    async def together(run: Any) -> list[bool]:
        barrier = threading.Barrier(2)
        return list(await asyncio.gather(run(meet, barrier), run(meet, barrier)))

    async def usual(function: Any, *args: Any) -> Any:
        return await sync_to_async(function, thread_sensitive=True)(*args)

    assert asyncio.run(together(usual)) == [False, False]
    assert asyncio.run(together(run_in_database_thread)) == [True, True]
    close_database_threads()


def test_hole_14_a_server_configures_the_root_logger() -> None:
    program = (
        "import logging; from mcp.server.mcpserver import MCPServer; MCPServer(); print(logging.getLogger().handlers)"
    )
    stock = subprocess.run([sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, check=True)
    before = list(logging.getLogger().handlers)

    MCPServer()

    assert stock.stdout.strip() != "[]"
    assert logging.getLogger().handlers == before
