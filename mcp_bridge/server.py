"""The MCP server: the official SDK's, stateless, with our tools.

Every request carries its principal in the ASGI scope, where the gate put it; a tool gets it as its first argument.
There is no session map and no other way to learn who is calling.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Annotated, Any

import structlog
from django.conf import settings
from django.db import Error as DatabaseError
from django.utils import timezone
from mcp.server.caching import CacheHint
from mcp.server.context import ServerRequestContext
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.request_state import RequestStateSecurity
from mcp.server.transport_security import TransportSecuritySettings
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS, CallToolResult, GetPromptResult, InputRequiredResult, TextContent
from pydantic import ValidationError
from starlette.types import ASGIApp

from accounts.keyed_digests import keyed_digests
from mcp_bridge.bookkeeping import note_tool_call
from mcp_bridge.database import run_in_database_thread
from mcp_bridge.errors import (
    ERROR_META_KEY,
    ArgumentsInvalid,
    InternalFault,
    NotLinked,
    ScopeMissing,
    TemporarilyUnavailable,
    ToolRefused,
)
from mcp_bridge.models import ToolCall
from mcp_bridge.tools import Tool
from oauth.bearer import Principal, bearer_challenge

log = structlog.get_logger(__name__)

PRINCIPAL_SCOPE_KEY = "dexter.principal"
MAX_BODY_SIZE = 1024 * 1024

INSTRUCTIONS = (
    "This server knows which person you are acting for. Call auth_info first. If it says that you are not linked, "
    "call generate_dexter_linking_code, show the person the code and the link, and call check_dexter_account_link "
    "until the link is there. If instead the person gives you a code that they made on the website, call "
    "redeem_dexter_linking_code with it."
)


def run_mcp_endpoint(tools: Mapping[str, Tool]) -> AbstractAsyncContextManager[ASGIApp]:
    """Start a server with `tools` and yield the ASGI application that speaks MCP for it; stop it at the end.

    A new server each time: the SDK's session manager runs once.
    """
    return serve(MCPBridgeServer(tools))


@asynccontextmanager
async def serve(server: MCPServer, *, streaming: bool = False) -> AsyncIterator[ASGIApp]:
    """Run `server` and yield the ASGI application that speaks MCP for it; stop it at the end.

    Each call is answered with one JSON document, because our tools have nothing to say before they are done. What a
    tool reports on the way reaches the client only when `streaming`.
    """
    server.streamable_http_app(
        stateless_http=True,
        json_response=not streaming,
        max_request_body_size=MAX_BODY_SIZE,
        # The gate has checked the host by ALLOWED_HOSTS, and a bearer token is no ambient authority: a foreign page
        # that rebinds DNS, or an origin we never heard of, has no token to send.
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
    )
    async with server.session_manager.run():
        yield server.session_manager.handle_request


def request_state_keys() -> list[bytes]:
    """What seals the state that an assistant keeps between two halves of a call: the first seals, every one opens."""
    return [bytes.fromhex(key) for key in keyed_digests("mcp_bridge.request_state", "")]


class MCPBridgeServer(MCPServer):
    """The SDK's server with `tools`, in their order."""

    def __init__(self, tools: Mapping[str, Tool]) -> None:
        super().__init__(
            name="dexter",
            title=settings.DEXTER_SITE_NAME,
            version=settings.DEXTER_VERSION,
            website_url=settings.DEXTER_PUBLIC_URL,
            instructions=INSTRUCTIONS,
            # Tools change with a deployment only, and are the same for everybody.
            cache_hints={"tools/list": CacheHint(ttl_ms=60_000, scope="public")},
            # Any worker opens what any other sealed, for the same connection only.
            request_state_security=RequestStateSecurity(
                keys=request_state_keys(),
                bind_principal=_session_of,
            ),
            subscriptions=False,
        )
        self._known_tools = frozenset(tools)
        for tool in tools.values():
            self.add_tool(
                _sdk_function(tool),
                name=tool.name,
                title=tool.title,
                description=tool.description,
                annotations=tool.annotations,
                meta=tool.meta,
            )

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None = None
    ) -> CallToolResult | InputRequiredResult:
        """Call a tool; the SDK's own errors are put into our shape.

        Raises:
            MCPError: -32602, there is no such tool (MCP 2025-11-25, server/tools, Error Handling).
        """
        if name not in self._known_tools:
            raise MCPError(code=INVALID_PARAMS, message="Unknown tool")
        with _noted(name, context) as call:
            result = await self._call_known_tool(name, arguments, context)
            call.outcome = _outcome_of(result)
            return result

    async def _call_known_tool(
        self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None
    ) -> CallToolResult | InputRequiredResult:
        try:
            return await super().call_tool(name, arguments, context)
        except ToolError as error:
            if isinstance(error.__cause__, ValidationError):
                faults = (
                    f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}"
                    for fault in error.__cause__.errors(include_input=False, include_url=False, include_context=False)
                )
                return error_result(ArgumentsInvalid(faults))
            log.exception("mcp.tool.crashed", tool=name)
            return error_result(InternalFault(_request_id()))

    async def get_prompt(
        self, name: str, arguments: dict[str, Any] | None = None, context: Context[Any, Any] | None = None
    ) -> GetPromptResult | InputRequiredResult:
        """As upstream, but an unknown prompt is the caller's mistake; upstream logs a crash of ours, name and all.

        Raises:
            MCPError: -32602, there is no such prompt (MCP 2025-11-25, server/prompts, Error Handling).
        """
        if name not in {prompt.name for prompt in await self.list_prompts()}:
            raise MCPError(code=INVALID_PARAMS, message="Unknown prompt")
        return await super().get_prompt(name, arguments, context)


def principal_of(context: ServerRequestContext[Any, Any]) -> Principal:
    """Who is calling, from the request itself.

    Raises:
        LookupError: the request did not come through the gate. There is no identity to fall back to.
    """
    principal = context.request.scope.get(PRINCIPAL_SCOPE_KEY) if context.request is not None else None
    if not isinstance(principal, Principal):
        raise LookupError("the request has no principal")
    return principal


def error_result(refusal: ToolRefused) -> CallToolResult:
    """The one shape of a tool error (see `mcp_bridge.errors`)."""
    meta: dict[str, Any] = {
        ERROR_META_KEY: {"code": refusal.code, "message": refusal.message, "next_step": refusal.next_step}
    }
    scopes = refusal.scopes if isinstance(refusal, ScopeMissing) else None
    if isinstance(refusal, (ScopeMissing, NotLinked)):
        # ChatGPT offers to connect again on this key, this time by signing in (connectors §1).
        meta["mcp/www_authenticate"] = [
            bearer_challenge(error="insufficient_scope", description=refusal.message, scopes=scopes)
        ]
    return CallToolResult(content=[TextContent(type="text", text=str(refusal))], is_error=True, _meta=meta)


def _sdk_function(tool: Tool) -> Callable[..., Awaitable[CallToolResult]]:
    """`tool` as the SDK wants it: async, with a context in place of the principal, and with the output declared."""

    async def call(sdk_context: Context[Any, Any], **arguments: Any) -> CallToolResult:
        try:
            principal = principal_of(sdk_context.request_context)
            # The gate has answered 403 already, unless it read the body in another way than the SDK.
            if not principal.scopes.issuperset(tool.scopes):
                raise ScopeMissing(tool.scopes)
            output = await run_in_database_thread(tool.function, principal, **arguments)
        except ToolRefused as refusal:
            log.info("mcp.tool.refused", tool=tool.name, code=refusal.code)
            return error_result(refusal)
        except MCPError:
            raise
        except DatabaseError:
            log.exception("mcp.tool.database_failed", tool=tool.name)
            return error_result(TemporarilyUnavailable())
        except Exception:
            log.exception("mcp.tool.crashed", tool=tool.name)
            return error_result(InternalFault(_request_id()))
        return CallToolResult(
            content=[TextContent(type="text", text=output.summary())],
            structured_content=output.model_dump(mode="json"),
        )

    context_parameter = inspect.Parameter(
        "sdk_context", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Context[Any, Any]
    )
    signature = inspect.Signature(
        [context_parameter, *tool.parameters], return_annotation=Annotated[CallToolResult, tool.output]
    )
    call.__name__ = tool.name
    call.__signature__ = signature  # type: ignore[attr-defined]
    call.__annotations__ = {p.name: p.annotation for p in signature.parameters.values()}
    call.__annotations__["return"] = signature.return_annotation
    return call


@dataclass
class _Ending:
    """How a call ends. A client that goes away before it does has interrupted it."""

    outcome: str = "interrupted"


@contextmanager
def _noted(tool: str, context: Context[Any, Any] | None) -> Iterator[_Ending]:
    """Note the call that is made in the block, however it ends. Without a principal nobody made it."""
    principal = _principal_in(context)
    ending, called_at, started_at = _Ending(), timezone.now(), time.perf_counter()
    try:
        yield ending
    except MCPError:
        ending.outcome = "protocol_error"
        raise
    finally:
        if principal is not None:
            duration_ms = round((time.perf_counter() - started_at) * 1000)
            note_tool_call(principal, tool=tool, outcome=ending.outcome, called_at=called_at, duration_ms=duration_ms)


def _outcome_of(result: CallToolResult | InputRequiredResult) -> str:
    if not isinstance(result, CallToolResult):
        return "input_required"
    if not result.is_error:
        return ToolCall.OK
    return str((result.meta or {}).get(ERROR_META_KEY, {}).get("code", InternalFault.code))


def _principal_in(context: Context[Any, Any] | None) -> Principal | None:
    try:
        return principal_of(context.request_context) if context else None
    except LookupError:
        return None


def _session_of(context: ServerRequestContext[Any, Any]) -> str:
    return str(principal_of(context).session.pk)


def _request_id() -> str | None:
    return structlog.contextvars.get_contextvars().get("request_id")
