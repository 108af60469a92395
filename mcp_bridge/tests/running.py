"""The site's ASGI application, running in the test's own process, and the requests that assistants send to it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar

import anyio
import anyio.from_thread
import httpx2
from django.conf import settings
from django.utils.module_loading import import_string

ORIGIN = "http://localhost:8000"
MODERN = "2026-07-28"
PROTOCOLS = ["2025-03-26", "2025-06-18", "2025-11-25", MODERN]

T = TypeVar("T")


class RunningSite:
    """Answers requests from a thread and event loop of its own, so that tests use the ORM as ever."""

    def __init__(self, portal: anyio.from_thread.BlockingPortal, http: httpx2.AsyncClient) -> None:
        self._portal = portal
        self.http = http

    def run(self, function: Callable[..., Awaitable[T]], *args: Any) -> T:
        """Run a coroutine function where the site runs."""
        return self._portal.call(function, *args)

    def request(self, method: str, path: str = "/mcp", **options: Any) -> httpx2.Response:
        """One request, as httpx2 takes it."""

        async def send() -> httpx2.Response:
            return await self.http.request(method, path, **options)

        return self._portal.call(send)

    def post(
        self,
        token: str | None,
        message: Any = None,
        *,
        path: str = "/mcp",
        protocol: str = "2025-11-25",
        headers: dict[str, str] | None = None,
        **options: Any,
    ) -> httpx2.Response:
        """POST a JSON-RPC message to the endpoint; `content` among `options` sends any other body."""
        if message is not None:
            options["json"] = message
        sent = request_headers(token, protocol) | routing_headers(message, protocol) | (headers or {})
        return self.request("POST", path, headers=sent, **options)

    def call_tool(self, token: str | None, name: str, protocol: str = "2025-11-25", **arguments: Any) -> dict[str, Any]:
        """The result of a tools/call. Fails unless the answer is a JSON-RPC result."""
        response = self.post(token, tool_call(name, protocol, **arguments), protocol=protocol)
        assert response.status_code == 200, response.text
        result: dict[str, Any] = response.json()["result"]
        return result


@contextmanager
def running_site(application: Any = None) -> Iterator[RunningSite]:
    """Start the application as an ASGI server would, lifespan and all, and stop it at the end."""
    app = application or import_string(settings.ASGI_APPLICATION)
    with (
        anyio.from_thread.start_blocking_portal("asyncio") as portal,
        portal.wrap_async_context_manager(_serving(app)) as http,
    ):
        yield RunningSite(portal, http)


@asynccontextmanager
async def _serving(app: Any) -> AsyncIterator[httpx2.AsyncClient]:
    async with lifespan(app), httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=ORIGIN) as client:
        yield client


@asynccontextmanager
async def lifespan(app: Any) -> AsyncIterator[None]:
    """The lifespan protocol, from the server's side. Fails if the application does."""
    to_app, from_app = anyio.create_memory_object_stream[Any](1), anyio.create_memory_object_stream[Any](2)
    async with anyio.create_task_group() as tasks, to_app[0], to_app[1], from_app[0], from_app[1]:
        tasks.start_soon(app, {"type": "lifespan", "asgi": {"version": "3.0"}}, to_app[1].receive, from_app[0].send)
        await to_app[0].send({"type": "lifespan.startup"})
        started = await from_app[1].receive()
        assert started["type"] == "lifespan.startup.complete", started
        yield
        await to_app[0].send({"type": "lifespan.shutdown"})
        stopped = await from_app[1].receive()
        assert stopped["type"] == "lifespan.shutdown.complete", stopped


def until(condition: Callable[[], T], seconds: float = 20) -> T:
    """What `condition` gives, once that is something: the site writes some things down after it has answered."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "It does not come true."
        time.sleep(0.02)
    return found


def request_headers(token: str | None, protocol: str = "2025-11-25") -> dict[str, str]:
    """What every MCP request carries. Revision 2025-03-26 had no version header yet."""
    headers = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    if protocol != "2025-03-26":
        headers["MCP-Protocol-Version"] = protocol
    return headers


def routing_headers(message: Any, protocol: str) -> dict[str, str]:
    """What 2026-07-28 repeats from the body."""
    if protocol != MODERN or not isinstance(message, dict) or "id" not in message:
        return {}
    headers = {"Mcp-Method": str(message.get("method"))}
    params = message.get("params")
    name = params.get("name") if isinstance(params, dict) else None
    return headers | ({"Mcp-Name": name} if name else {})


def rpc(method: str, protocol: str = "2025-11-25", /, **params: Any) -> dict[str, Any]:
    """A JSON-RPC request, with the envelope that 2026-07-28 wants."""
    if protocol == MODERN:
        params["_meta"] = {
            "io.modelcontextprotocol/protocolVersion": MODERN,
            "io.modelcontextprotocol/clientCapabilities": {},
        }
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


def tool_call(name: str, protocol: str = "2025-11-25", /, **arguments: Any) -> dict[str, Any]:
    """A tools/call request."""
    return rpc("tools/call", protocol, name=name, arguments=arguments)
