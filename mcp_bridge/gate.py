"""What stands in front of the MCP server: the token of every request, what it may call, and how large it is.

    host -> 421     token -> 401     database away -> 503     method -> 405     body -> 413     scopes -> 403     SDK

A request is known by the bearer token in its one `Authorization` header and by nothing else: no cookie, no other
header, no query, no argument, no MCP session says who is calling.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from django.conf import settings
from django.db import Error as DatabaseError
from django.http.request import split_domain_port, validate_host
from django.utils import timezone
from mcp_types import INVALID_REQUEST
from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mcp_bridge.batches import answer_batch, is_batch
from mcp_bridge.bookkeeping import note_tool_call, note_use
from mcp_bridge.cors import allow_any_origin, preflight
from mcp_bridge.database import run_in_database_thread
from mcp_bridge.errors import ScopeMissing
from mcp_bridge.messages import (
    BodyTooLarge,
    Call,
    ClientLeft,
    decode,
    has_malformed_id,
    read_body,
    read_calls,
    replay_body,
)
from mcp_bridge.server import MAX_BODY_SIZE, PRINCIPAL_SCOPE_KEY
from mcp_bridge.tools import Tool
from oauth.bearer import Principal, challenge_for, read_authorization_header, resolve_bearer_token
from oauth.endpoints import RETRY_AFTER_SECONDS
from oauth.errors import InsufficientScope, InvalidToken, TokenMissing

log = structlog.get_logger(__name__)

ALLOWED_METHODS = "POST, OPTIONS"

_METHOD_NAME = re.compile(r"[A-Za-z$][A-Za-z0-9$/_.-]{0,63}")


@dataclass
class _Exchange:
    """One request and what became of it, for the log line."""

    http_method: str
    calls: list[Call]
    principal: Principal | None = None
    status: int | None = None


class Gate:
    """The ASGI application at `/mcp`. `endpoint` speaks MCP, `tools` are those that it offers."""

    def __init__(self, endpoint: ASGIApp, tools: Mapping[str, Tool]) -> None:
        self._endpoint = endpoint
        self._tools = tools

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started_at = time.perf_counter()
        exchange = _Exchange(http_method=scope["method"], calls=[])

        async def watched_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                exchange.status = int(message["status"])
                allow_any_origin(message)
            await send(message)

        try:
            answer = await self._choose_answer(exchange, scope, receive)
            await answer(scope, receive, watched_send)
        except ClientLeft:
            pass
        except Exception:
            log.exception("mcp.request.crashed")
            if exchange.status is None:
                await error_answer(500, "server_error", "Something went wrong on our side.")(
                    scope, receive, watched_send
                )
        finally:
            self._log(exchange, duration=time.perf_counter() - started_at)
            if exchange.principal:
                note_use(exchange.principal.session)

    async def _choose_answer(self, exchange: _Exchange, scope: Scope, receive: Receive) -> ASGIApp:
        """What answers the request: a refusal, or the endpoint."""
        headers = Headers(scope=scope)
        if not host_is_allowed(headers.get("host")):
            return error_answer(421, "invalid_host", "This server has another name.")
        if scope["method"] == "OPTIONS":
            return preflight(headers)
        try:
            exchange.principal = principal = await _authenticate(headers)
        except InvalidToken as error:
            return _challenge(error)
        except DatabaseError:
            log.exception("mcp.database_unavailable")
            return _unavailable()
        if scope["method"] != "POST":
            # Without sessions there is neither a stream to open (GET) nor one to end (DELETE).
            return _rpc_error(405, "Method not allowed: send JSON-RPC messages by POST", Allow=ALLOWED_METHODS)
        try:
            body = await read_body(receive, limit=MAX_BODY_SIZE, content_length=headers.get("content-length"))
        except BodyTooLarge:
            return _rpc_error(413, f"Body too large: the limit is {MAX_BODY_SIZE} bytes")
        decoded = decode(body)
        exchange.calls = read_calls(decoded)
        if needed := self._missing_scopes(exchange.calls, principal):
            self._note_refused(exchange.calls, principal)
            return _challenge(InsufficientScope(needed))
        if has_malformed_id(decoded):
            return _rpc_error(400, "The id must be a string or a number")
        batch = decoded if is_batch(decoded, protocol_version=headers.get("mcp-protocol-version")) else None
        return self._endpoint_for(principal, body, batch)

    def _endpoint_for(self, principal: Principal, body: bytes, batch: list[Any] | None) -> ASGIApp:
        """The SDK's endpoint, told who calls, with the body that was read for it."""

        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            scope = {**scope, PRINCIPAL_SCOPE_KEY: principal}
            if batch is None:
                await self._endpoint(scope, replay_body(body, receive), send)
            else:
                await answer_batch(self._endpoint, batch, scope, receive, send)

        return answer

    def _missing_scopes(self, calls: Iterable[Call], principal: Principal) -> list[str]:
        """Every scope to ask for, if a call needs one that the token lacks: those it needs and those already granted.

        A client replaces what it has by what a challenge names (MCP 2025-11-25, Authorization, Scope Challenge).
        """
        needed = {scope for tool in self._tools_of(calls) for scope in tool.scopes}
        if needed <= principal.scopes:
            return []
        return [scope for scope in settings.DEXTER_SCOPES if scope in needed | principal.scopes]

    def _note_refused(self, calls: Iterable[Call], principal: Principal) -> None:
        """The calls that the token's scopes do not allow. The others of a batch were not made either."""
        for tool in self._tools_of(calls):
            if not principal.scopes.issuperset(tool.scopes):
                note_tool_call(principal, tool=tool.name, outcome=ScopeMissing.code, called_at=timezone.now())

    def _tools_of(self, calls: Iterable[Call]) -> list[Tool]:
        """The tools that are called; what we do not have is for the SDK to refuse."""
        return [self._tools[call.tool] for call in calls if call.tool is not None and call.tool in self._tools]

    def _log(self, exchange: _Exchange, *, duration: float) -> None:
        methods = [call.method if _METHOD_NAME.fullmatch(call.method) else "invalid" for call in exchange.calls]
        # A tool that we do not have is whatever the client wrote, so its name stays out of the log.
        tools = [call.tool if call.tool in self._tools else "unknown" for call in exchange.calls if call.tool]
        principal = exchange.principal
        log.info(
            "mcp.request",
            http_method=exchange.http_method,
            method=",".join(methods[:10]) or None,
            tool=",".join(tools[:10]) or None,
            status=exchange.status,
            duration_ms=round(duration * 1000, 1),
            session_id=str(principal.session.pk) if principal else None,
            client_id=principal.client.client_id if principal else None,
        )


def host_is_allowed(host: str | None) -> bool:
    """Whether the Host header names this site (ALLOWED_HOSTS): the defence against DNS rebinding that MCP asks for."""
    domain, _port = split_domain_port(host or "")
    return bool(domain) and validate_host(domain, settings.ALLOWED_HOSTS)


async def _authenticate(headers: Headers) -> Principal:
    """Who is calling.

    Raises:
        InvalidToken: nobody, or the token does not act.
        django.db.Error: the database cannot tell.
    """
    values = headers.getlist("authorization")
    if len(values) > 1:
        raise InvalidToken("several_authorization_headers")
    token = read_authorization_header(values[0] if values else None)
    if token is None:
        raise TokenMissing
    return await run_in_database_thread(resolve_bearer_token, token, resource=settings.DEXTER_RESOURCE)


def _challenge(error: InvalidToken | InsufficientScope) -> Response:
    """401 or 403 with a complete challenge."""
    headers = {"WWW-Authenticate": challenge_for(error)}
    return error_answer(error.status, error.error, error.description, **headers)


def _unavailable() -> Response:
    description = "The service is not available right now. Try again in a few seconds."
    return error_answer(503, "temporarily_unavailable", description, **{"Retry-After": str(RETRY_AFTER_SECONDS)})


def error_answer(status: int, error: str, description: str, **headers: str) -> Response:
    """An error as OAuth's endpoints give it (RFC 6749 §5.2), where Django does not answer."""
    body = {"error": error, "error_description": description}
    return JSONResponse(body, status_code=status, headers={"Cache-Control": "no-store", **headers})


def _rpc_error(status: int, message: str, **headers: str) -> Response:
    body: dict[str, Any] = {"jsonrpc": "2.0", "id": None, "error": {"code": INVALID_REQUEST, "message": message}}
    return JSONResponse(body, status_code=status, headers={"Cache-Control": "no-store", **headers})
