"""`mcp-remote`: a desktop assistant that only knows local servers reaches ours through it.

The assistant is the official Python SDK's client, over the standard input and output of the process. An assistant with
several windows starts several processes, which share a directory with the registration and the tokens; they agree on
who opens the browser, and on who refreshes.

It registers as a public client with one `http://localhost` redirect, whose port follows from our URL, the scopes of the
challenge and `offline_access`; it sends `software_id`, `software_version`, and the same `client_name`, "MCP CLI Proxy",
whoever is behind it. It asks with `prompt=consent`. It refreshes a minute before an access token expires. Told to ask
for less than the challenge names, it never asks for more: it cannot step up.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp_types import CallToolResult

from tests.clients.answers import (
    TOOLS,
    assert_same_connection,
    assert_speaks_for_account,
    assert_speaks_for_guest,
    expires_at,
    registration,
)
from tests.clients.desktop import Desktop, open_desktop
from tests.clients.program import LIMIT_SECONDS
from tests.journeys.conftest import People
from tests.journeys.databases import Database
from tests.journeys.server import Site, open_site
from tests.nodejs import PACKAGES, node_program

pytestmark = [pytest.mark.once, pytest.mark.journey, pytest.mark.anyio]

# How early it refreshes, and how long a token is good enough for it in this test.
EARLY_SECONDS = 60
USABLE_SECONDS = 8
WINDOWS = 3


@pytest.fixture(scope="module")
async def site(anyio_backend: str, database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """A site whose access tokens are soon too old for this client; with fewer seconds it would refresh every time."""
    settings = {"DEXTER_ACCESS_TOKEN_SECONDS": str(EARLY_SECONDS + USABLE_SECONDS)}
    async with open_site(database, tmp_path_factory.mktemp("logs"), settings=settings) as site:
        yield site


async def test_windows_of_a_signed_in_persons_assistant_share_a_sign_in_and_refresh_at_once(
    site: Site, people: People, tmp_path: Path
) -> None:
    person = await people.new_account()

    async with open_desktop(tmp_path, person, button="Allow") as desktop:
        who = await sign_in_and_refresh(desktop, site)

    assert_speaks_for_account(who, person)
    registered = registration(site, who["client_id"])
    assert (registered["name"], registered["scope"]) == ("MCP CLI Proxy", "identity.read link.write offline_access")


async def test_windows_of_a_guests_assistant_do_so_on_the_newest_protocol_revision(
    site: Site, people: People, tmp_path: Path
) -> None:
    guest = await people.new()

    async with open_desktop(tmp_path, guest, button="Continue without an account") as desktop:
        who = await sign_in_and_refresh(desktop, site, "--protocol", "auto")

    assert_speaks_for_guest(who, site)
    assert "method=server/discover" in site.logs()


async def sign_in_and_refresh(desktop: Desktop, site: Site, *arguments: str) -> dict[str, Any]:
    """Open several windows, one browser for all, and let all refresh in one moment; gives whom they speak for."""
    async with contextlib.AsyncExitStack() as windows:
        assistants = [Assistant(desktop, site.mcp_url, *arguments) for _ in range(WINDOWS)]
        for assistant in assistants:
            await windows.enter_async_context(assistant.connected())
        tools = await assistants[0].tools()
        first = await assistants[0].call("auth_info")
        await anyio.sleep(max(0.0, expires_at(first) - EARLY_SECONDS - time.time()) + 0.5)
        at_once = await asyncio.gather(*(assistant.call("auth_info") for assistant in assistants))
        afterwards = [await assistant.call("auth_info") for assistant in assistants]

    assert set(TOOLS) <= set(tools)
    for who in [*at_once, *afterwards]:
        assert_same_connection(who, first)
    assert len(desktop.opened) == 1
    assert "prompt=consent" in desktop.opened[0]
    return first


class Assistant:
    """A desktop assistant's window: a host for one local server, which is `mcp-remote`."""

    def __init__(self, desktop: Desktop, url: str, *arguments: str) -> None:
        program, *rest = node_program("mcp-remote")
        self._parameters = StdioServerParameters(
            command=program,
            args=[*rest, url, "--auth-timeout", str(LIMIT_SECONDS), *arguments],
            env=desktop.environment(MCP_REMOTE_CONFIG_DIR=str(desktop.directory / "mcp-auth")),
            cwd=PACKAGES,
        )
        self._errors = desktop.directory / f"mcp-remote-{id(self)}.txt"
        self._client: Client | None = None

    @contextlib.asynccontextmanager
    async def connected(self) -> AsyncIterator[None]:
        """While the window is open."""
        with self._errors.open("w") as errors:
            transport = stdio_client(self._parameters, errlog=errors)
            async with Client(transport, mode="legacy", read_timeout_seconds=LIMIT_SECONDS) as self._client:
                yield

    async def tools(self) -> list[str]:
        """The names of the tools."""
        assert self._client is not None
        return [tool.name for tool in (await self._client.list_tools()).tools]

    async def call(self, tool: str) -> dict[str, Any]:
        """A tool's structured answer."""
        assert self._client is not None
        result: CallToolResult = await self._client.call_tool(tool, {})
        assert not result.is_error and result.structured_content is not None, f"{result}\n{self._errors.read_text()}"
        return result.structured_content
