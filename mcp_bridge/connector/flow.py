"""What an assistant does, step by step: sign in, list tools, ask who it is, and get itself linked."""

from __future__ import annotations

import asyncio
import json
import logging
import time
import webbrowser
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit, urlunsplit

import httpx2
from mcp import Client
from mcp.client.auth import OAuthClientProvider
from mcp.client.auth.exceptions import OAuthFlowError
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientMetadata
from mcp.shared.exceptions import MCPError
from mcp_types import CallToolResult, Implementation, TextContent, Tool
from pydantic import AnyUrl

from mcp_bridge.connector.errors import (
    ConnectorError,
    NotAnMCPServer,
    ServerUnreachable,
    SignInRefused,
    TookTooLong,
    ToolFailed,
)
from mcp_bridge.connector.loopback import LoopbackRedirect
from mcp_bridge.connector.screen import Screen
from mcp_bridge.connector.tokens import FileTokens, MemoryTokens

# `--protocol` to the SDK's modes; 2025-11-25 and older revisions share the initialize handshake.
PROTOCOLS = {"auto": "auto", "2026-07-28": "2026-07-28", "2025-11-25": "legacy"}
POLL_SECONDS = 2.0
# Names that claim to be the site itself are refused at registration, so this one does not.
CLIENT_NAME = "Terminal connector"


@dataclass(frozen=True)
class Options:
    """What the command line says. `timeout` is how many seconds each wait for the person may take."""

    url: str
    protocol: str = "auto"
    scope: str | None = None
    open_browser: bool = True
    timeout: float = 600
    store: Path | None = None
    only_list: bool = False
    call: str | None = None
    arguments: Mapping[str, Any] | None = None


async def run_connector(options: Options, screen: Screen) -> None:
    """Connect and do what `options` say: list tools, call one, or the whole road to a link.

    Raises:
        ConnectorError: with words for the person, and an exit code.
    """
    with _explained(options.url):
        async with LoopbackRedirect() as loopback:
            provider = _sign_in_with(options, screen, loopback)
            async with (
                httpx2.AsyncClient(auth=provider, timeout=httpx2.Timeout(30)) as http_client,
                Client(
                    streamable_http_client(options.url, http_client=http_client),
                    mode=PROTOCOLS[options.protocol],
                    client_info=Implementation(name="terminal-connector", version="1"),
                ) as client,
            ):
                await _use(client, options, screen)


async def _use(client: Client, options: Options, screen: Screen) -> None:
    tools = (await client.list_tools()).tools
    if options.call is not None:
        screen.line(_render(await _call(client, options.call, options.arguments)))
        return
    server = client.server_info
    screen.heading(f"Connected to {server.title or server.name if server else options.url}")
    screen.line(f"Protocol {client.protocol_version}")
    _list_tools(tools, screen)
    names = {tool.name for tool in tools}
    if options.only_list or "auth_info" not in names:
        return
    screen.heading("Who am I speaking for? (auth_info)")
    who = await _call(client, "auth_info")
    screen.line(_render(who))
    if _structured(who).get("is_linked"):
        await _show_account(client, screen)
    elif "generate_dexter_linking_code" in names:
        await _link(client, options, screen)


async def _link(client: Client, options: Options, screen: Screen) -> None:
    """Show a code and wait until somebody has typed it and confirmed."""
    minted = _structured(await _call(client, "generate_dexter_linking_code"))
    expires_at = datetime.fromisoformat(minted["expires_at"])
    screen.heading("Link this terminal to your account")
    screen.line(f"Open {minted['link_url']}, sign in, and type this code:")
    screen.code(minted["code"])
    seconds = min((expires_at - datetime.now(UTC)).total_seconds(), options.timeout)
    deadline = time.monotonic() + seconds
    async with screen.waiting("Waiting for you to confirm the link", seconds=seconds):
        while not _structured(await _call(client, "check_dexter_account_link")).get("is_linked"):
            if time.monotonic() >= deadline:
                raise TookTooLong("Nobody confirmed the link in time. Run the command again for a new code.")
            await asyncio.sleep(POLL_SECONDS)
    screen.line("Linked. The same connection now acts for an account:")
    await _show_account(client, screen)


async def _show_account(client: Client, screen: Screen) -> None:
    screen.heading("Acting for (get_linked_dexter_account)")
    screen.line(_render(await _call(client, "get_linked_dexter_account")))


async def _call(client: Client, tool: str, arguments: Mapping[str, Any] | None = None) -> CallToolResult:
    try:
        result = await client.call_tool(tool, dict(arguments or {}))
    except MCPError as error:
        raise ToolFailed(f"{tool}: {error}") from error
    if result.is_error:
        raise ToolFailed(f"{tool}: {_text(result)}")
    return result


def _sign_in_with(options: Options, screen: Screen, loopback: LoopbackRedirect) -> OAuthClientProvider:
    """The SDK's OAuth client, with our browser and our loopback redirect."""
    states: list[str] = []

    async def open_browser(authorization_url: str) -> None:
        # Only at first: when a tool needs more, the SDK comes back to ask the person for that.
        first = provider.context.current_tokens is None
        url = _with_scope(authorization_url, options.scope) if options.scope and first else authorization_url
        states.append(parse_qs(urlsplit(url).query)["state"][0])
        screen.heading("Sign in through your browser")
        screen.line("If it does not open by itself, open this address:")
        screen.line(f"  {url}")
        if options.open_browser:
            await asyncio.to_thread(webbrowser.open, url)

    async def wait_for_answer() -> AuthorizationCodeResult:
        async with screen.waiting("Waiting for you in the browser", seconds=options.timeout):
            answer = await loopback.wait(state=states.pop(), timeout=options.timeout)
        screen.line("Signed in.")
        return answer

    storage = FileTokens(options.store, server_url=options.url) if options.store else MemoryTokens()
    provider = OAuthClientProvider(
        server_url=options.url,
        client_metadata=OAuthClientMetadata(
            client_name=CLIENT_NAME,
            redirect_uris=[AnyUrl(loopback.redirect_uri)],
            token_endpoint_auth_method="none",  # noqa: S106
        ),
        storage=storage,
        redirect_handler=open_browser,
        callback_handler=wait_for_answer,
    )
    # Without this the SDK takes stored tokens for fresh, and signs in again where it could refresh.
    provider.context.token_expiry_time = storage.expires_at
    return provider


def _with_scope(authorization_url: str, scope: str) -> str:
    """The SDK asks for the scopes that the server names, whatever its client metadata says; this asks for others."""
    parts = urlsplit(authorization_url)
    query = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name != "scope"]
    return urlunsplit(parts._replace(query=urlencode([*query, ("scope", scope)])))


def _list_tools(tools: list[Tool], screen: Screen) -> None:
    screen.heading("Tools")
    width = max((len(tool.name) for tool in tools), default=0)
    for tool in tools:
        summary = tool.title or (tool.description or "").partition("\n")[0]
        screen.line(f"  {tool.name.ljust(width)}  {summary}")


def _render(result: CallToolResult) -> str:
    if result.structured_content is not None:
        return json.dumps(result.structured_content, indent=2, ensure_ascii=False)
    return _text(result)


def _text(result: CallToolResult) -> str:
    return "\n".join(block.text for block in result.content if isinstance(block, TextContent))


def _structured(result: CallToolResult) -> dict[str, Any]:
    return result.structured_content or {}


@contextmanager
def _explained(url: str) -> Iterator[None]:
    """Turn what the SDK raises, often in nested exception groups, into one ConnectorError with words."""
    # The SDK logs a traceback before it raises, and its HTTP client every request; the person gets our words instead.
    loggers = {logging.getLogger(name): logging.getLogger(name).level for name in ("mcp", "client", "httpx2")}
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    except Exception as error:
        raise _explain(error, url) from error
    finally:
        for logger, level in loggers.items():
            logger.setLevel(level)


def _explain(error: Exception, url: str) -> Exception:
    causes = list(_leaves(error))
    for cause in causes:
        if isinstance(cause, ConnectorError):
            return cause
    for cause in causes:
        match cause:
            case httpx2.ConnectError() | httpx2.TimeoutException():
                return ServerUnreachable(f"Nothing answers at {url}. Is the server running?")
            case httpx2.TransportError() | httpx2.InvalidURL():
                return ServerUnreachable(f"The connection to {url} failed: {cause}")
            case OAuthFlowError():
                return SignInRefused(f"The sign-in failed: {cause}")
            case MCPError():
                return NotAnMCPServer(f"{url} does not answer like an MCP server: {cause}")
    return error


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error
