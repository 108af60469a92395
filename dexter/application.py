"""The ASGI application: `/mcp` goes to the MCP server, everything else to Django (`dexter.asgi` makes it).

    request id  ->  exact path  ->  /mcp, /mcp/: the gate, then the SDK's server
                                ->  a browser at /mcp, and all other paths: Django

Paths are compared, not mounted: a mount answers `POST /mcp` with a redirect, which loses the token.
"""

from __future__ import annotations

import asyncio
import re
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from io import BytesIO
from typing import Any, cast

import structlog
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.core.signals import request_finished
from django.db import connections
from django.urls import Resolver404, resolve
from django.utils import translation
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dexter.languages import answers_programs
from linking.api.middleware import is_api_path
from linking.api.problems import CONTENT_TYPE, problem_document
from mcp_bridge.bookkeeping import keeping_books
from mcp_bridge.database import close_database_threads
from mcp_bridge.gate import Gate, error_answer
from mcp_bridge.messages import BodyTooLarge, ClientLeft, read_body, replay_body
from mcp_bridge.server import MAX_BODY_SIZE, run_mcp_endpoint
from mcp_bridge.tools import Tool, registered_tools
from oauth.endpoints import RETRY_AFTER_SECONDS

log = structlog.get_logger(__name__)

RunEndpoint = Callable[[Mapping[str, Tool]], AbstractAsyncContextManager[ASGIApp]]

_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")


class Application:
    """Dispatches by path, and owns the MCP server for as long as the ASGI server's lifespan lasts.

    `run_endpoint` starts and stops what speaks MCP behind the gate; tests put other servers there.
    """

    def __init__(self, django: ASGIHandler, run_endpoint: RunEndpoint = run_mcp_endpoint) -> None:
        self._django = cast(ASGIApp, django)
        self._run_endpoint = run_endpoint
        self._gate: Gate | None = None
        request_finished.connect(_close_connections, sender=type(django), dispatch_uid="dexter.application")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

    async def _live(self, receive: Receive, send: Send) -> None:
        """The lifespan protocol: start the MCP server, wait, stop it, and say how each went."""
        await receive()
        phase = "startup"
        try:
            async with AsyncExitStack() as stack:
                stack.push_async_callback(asyncio.to_thread, close_database_threads)
                await stack.enter_async_context(keeping_books())
                tools = registered_tools()
                self._gate = Gate(await stack.enter_async_context(self._run_endpoint(tools)), tools)
                await send({"type": "lifespan.startup.complete"})
                phase = "shutdown"
                await receive()
                self._gate = None
        except Exception as error:
            log.exception("asgi.lifespan.failed", phase=phase)
            await send({"type": f"lifespan.{phase}.failed", "message": f"{type(error).__name__}: {error}"})
            return
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        # White space around a value is no part of it (RFC 9110 §5.5), and httptools leaves what comes after.
        scope = {**scope, "headers": [(name, value.strip(b" \t")) for name, value in scope["headers"]]}
        headers = Headers(scope=scope)
        request_id = _request_id(headers.get("x-request-id"))
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)

        async def send_with_request_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Request-ID"] = request_id
            await send(message)

        if scope["path"] not in ("/mcp", "/mcp/") or _is_a_browsers_visit(scope["method"], headers.get("accept", "")):
            await self._answer_with_django(scope, receive, send_with_request_id)
        elif self._gate is not None:
            await self._gate(scope, receive, send_with_request_id)
        else:
            log.error("asgi.lifespan.missing", hint="run the ASGI server with lifespan support on")
            words, retry = "The server is starting or stopping.", {"Retry-After": str(RETRY_AFTER_SECONDS)}
            refusal = error_answer(503, "temporarily_unavailable", words, **retry)
            await refusal(scope, receive, send_with_request_id)

    async def _answer_with_django(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Django spools a body of any size to disk before it looks at it, so the limit is here."""
        started_at = time.perf_counter()

        async def logged_send(message: Message) -> None:
            if message["type"] == "http.response.start" and not scope["path"].startswith(settings.STATIC_URL):
                log.info(
                    "http.request",
                    http_method=scope["method"],
                    route=_route(scope["path"]),
                    status=int(message["status"]),
                    duration_ms=round((time.perf_counter() - started_at) * 1000, 1),
                )
            await send(message)

        try:
            body = await read_body(
                receive, limit=MAX_BODY_SIZE, content_length=Headers(scope=scope).get("content-length")
            )
        except ClientLeft:
            return
        except BodyTooLarge:
            await _too_large(scope)(scope, receive, logged_send)
            return
        await self._django(scope, replay_body(body, receive), logged_send)


def _close_connections(**_: Any) -> None:
    """Django answers each request on a thread of its own: a connection kept for the next one would never be used."""
    connections.close_all()


def _too_large(scope: Scope) -> Response:
    """413 as all other refusals at that path look: a problem, an OAuth error that any origin may read, or words."""
    uncached = {"Cache-Control": "no-store"}
    if answers_programs(scope["path"]) and not is_api_path(scope["path"]):
        anybody = {"Access-Control-Allow-Origin": "*"}
        return error_answer(413, "invalid_request", "The body is too large.", **anybody)
    # No middleware has asked for the person's language yet. Django cannot read just any query, and needs none for it.
    request = ASGIRequest({**scope, "query_string": b""}, BytesIO())
    with translation.override(translation.get_language_from_request(request)):
        problem = problem_document(413)
    if is_api_path(scope["path"]):
        return JSONResponse(problem, status_code=413, headers=uncached, media_type=CONTENT_TYPE)
    return PlainTextResponse(problem["detail"], status_code=413, headers=uncached)


def _request_id(sent: str | None) -> str:
    """The proxy's request id if it looks like one, so that its log and ours can be joined; else a new one."""
    return sent if sent and _REQUEST_ID.fullmatch(sent) else uuid.uuid4().hex


def _route(path: str) -> str:
    """The pattern that a path matches. The path itself may hold a secret, such as that of a link in an e-mail."""
    try:
        return f"/{resolve(path).route}"
    except Resolver404:
        return "unknown"


def _is_a_browsers_visit(method: str, accept: str) -> bool:
    """A person looking at the endpoint, not a client that opens a stream."""
    media_types = {part.partition(";")[0].strip().lower() for part in accept.split(",")}
    return method in ("GET", "HEAD") and "text/html" in media_types and "text/event-stream" not in media_types
