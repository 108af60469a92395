"""An assistant: the official SDK's client, which discovers, registers, proves with PKCE and refreshes by itself."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

import anyio
import httpx2
from mcp import Client
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientInformationFull, OAuthClientMetadata, OAuthToken
from mcp_types import CallToolResult, TextContent
from pydantic import AnyUrl

from tests.journeys.listening import html_response, listening

ANSWER_SECONDS = 60
# The newest revision, and the newest of those with the initialize handshake, as the SDK's client names them.
MODES = {"2026-07-28": "2026-07-28", "2025-11-25": "legacy", "auto": "auto"}
PROTOCOLS = ["2026-07-28", "2025-11-25"]

AuthMethod = Literal["none", "client_secret_post", "client_secret_basic"]
Step = Callable[[], Awaitable[None]]


class AuthorizationRefused(Exception):
    """The browser came back without a code; `answer` is the whole query."""

    def __init__(self, answer: dict[str, str]) -> None:
        super().__init__(answer.get("error"))
        self.answer = answer


class ToolFailed(Exception):
    """A tool answered an error; `structured` is what it says to a program, the text what it says to a model."""

    def __init__(self, result: CallToolResult) -> None:
        super().__init__(" ".join(block.text for block in result.content if isinstance(block, TextContent)))
        self.structured = result.structured_content or {}


@dataclass
class Memory:
    """The SDK's token storage, with everything it ever held."""

    tokens: list[OAuthToken] = field(default_factory=list)
    client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        """The newest tokens."""
        return self.tokens[-1] if self.tokens else None

    async def set_tokens(self, tokens: OAuthToken) -> None:
        """Keep new tokens."""
        self.tokens.append(tokens)

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        """The registration."""
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        """Keep the registration."""
        self.client = client_info


@dataclass
class Exchange:
    """One request that the assistant sent, and what came back."""

    request: httpx2.Request
    response: httpx2.Response

    @property
    def path(self) -> str:
        """The path that was asked for."""
        return self.request.url.path

    def form(self) -> dict[str, str]:
        """The request's form."""
        return {name: values[0] for name, values in parse_qs(self.request.content.decode()).items()}


@dataclass
class Connector:
    """One assistant on one device. `browse` is what its person does with the authorization URL.

    With a `metadata_url` it is described there, and does not register where such documents are read.
    `before_exchange` runs when the authorization code is there and not yet traded for tokens.
    """

    mcp_url: str
    browse: Callable[[str], Awaitable[None]]
    protocol: str = "2026-07-28"
    name: str = "Journey assistant"
    auth_method: AuthMethod = "none"
    metadata_url: str | None = None
    before_exchange: Step | None = None
    memory: Memory = field(default_factory=Memory)
    exchanges: list[Exchange] = field(default_factory=list)
    authorization_urls: list[str] = field(default_factory=list)
    answers: list[dict[str, str]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)

    @contextlib.asynccontextmanager
    async def connected(self) -> AsyncIterator[Connection]:
        """A new MCP session, with the tokens of the last one if there are any.

        Raises:
            AuthorizationRefused: the person said no.
        """
        try:
            async with self._connected() as connection:
                yield connection
        except BaseExceptionGroup as group:
            # The SDK's task groups wrap what went wrong, however deep.
            raise _first_leaf(group) from None

    @contextlib.asynccontextmanager
    async def _connected(self) -> AsyncIterator[Connection]:
        async with _Listener() as listener:
            provider = OAuthClientProvider(
                server_url=self.mcp_url,
                client_metadata=OAuthClientMetadata(
                    client_name=self.name,
                    redirect_uris=[AnyUrl(listener.redirect_uri)],
                    token_endpoint_auth_method=self.auth_method,
                ),
                storage=self.memory,
                redirect_handler=self._open_browser,
                callback_handler=lambda: self._wait_for_answer(listener),
                client_metadata_url=self.metadata_url,
            )
            hooks: Any = {"response": [self._remember]}
            async with (
                httpx2.AsyncClient(auth=provider, timeout=30, event_hooks=hooks, headers=self.headers) as http_client,
                Client(
                    streamable_http_client(self.mcp_url, http_client=http_client), mode=MODES[self.protocol]
                ) as client,
            ):
                connection = Connection(client, provider)
                # Without a handshake nothing has been sent yet, and nobody has signed in.
                await client.list_tools()
                assert self.protocol in (client.protocol_version, "auto")
                yield connection

    @property
    def access_token(self) -> str:
        """The access token of now."""
        return self.memory.tokens[-1].access_token

    @property
    def client_id(self) -> str:
        """What the server knows this assistant by."""
        assert self.memory.client is not None, "it has not registered"
        return self.memory.client.client_id

    def requests_to(self, path: str) -> list[Exchange]:
        """What was sent to one endpoint."""
        return [exchange for exchange in self.exchanges if exchange.path == path]

    async def _open_browser(self, url: str) -> None:
        self.authorization_urls.append(url)
        await self.browse(url)

    async def _wait_for_answer(self, listener: _Listener) -> AuthorizationCodeResult:
        answer = await listener.answer()
        self.answers.append(answer)
        if "code" not in answer:
            raise AuthorizationRefused(answer)
        if self.before_exchange is not None:
            await self.before_exchange()
        return AuthorizationCodeResult(code=answer["code"], state=answer.get("state"), iss=answer.get("iss"))

    async def _remember(self, response: httpx2.Response) -> None:
        self.exchanges.append(Exchange(response.request, response))


@dataclass
class Connection:
    """An MCP session."""

    client: Client
    provider: OAuthClientProvider

    async def call(self, tool: str, **arguments: object) -> dict[str, Any]:
        """Call a tool; gives its structured answer.

        Raises:
            ToolFailed: it answered an error.
        """
        result = await self.client.call_tool(tool, arguments)
        if result.is_error:
            raise ToolFailed(result)
        assert result.structured_content is not None
        return result.structured_content


class _Listener:
    """Where the browser comes back to: a loopback redirect on a port of its own (RFC 8252 §7.3)."""

    def __init__(self) -> None:
        self._answers: asyncio.Queue[dict[str, str]] = asyncio.Queue()

    async def __aenter__(self) -> _Listener:
        self._listening = listening(self._serve)
        self.redirect_uri = f"http://127.0.0.1:{await self._listening.__aenter__()}/callback"
        return self

    async def __aexit__(self, *error: Any) -> None:
        await self._listening.__aexit__(*error)

    async def answer(self) -> dict[str, str]:
        with anyio.fail_after(ANSWER_SECONDS):
            return await self._answers.get()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        writer.write(html_response("<title>Done</title><h1>Back at the assistant</h1>"))
        await writer.drain()
        if found := re.match(r"GET (/callback\?\S+) ", head):
            query = parse_qs(urlsplit(found[1]).query)
            self._answers.put_nowait({name: values[0] for name, values in query.items()})


def _first_leaf(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
