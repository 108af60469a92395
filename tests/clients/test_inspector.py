"""MCP Inspector's command line (`@modelcontextprotocol/inspector --cli`), which does the whole of OAuth by itself.

Every command is a process of its own. What they share is a directory, where the registration and the tokens are kept.
It registers once, as a public client with the scopes of the challenge and `offline_access`, and comes back to another
loopback port each time (RFC 8252 §7.3). Asking for `offline_access`, it adds `prompt=consent` (OIDC Core §11).
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.clients.answers import (
    TOOLS,
    assert_same_connection,
    assert_speaks_for_account,
    assert_speaks_for_guest,
    registration,
    wait_until_expired,
)
from tests.clients.desktop import Desktop, open_desktop
from tests.clients.program import run
from tests.journeys.conftest import People
from tests.journeys.server import Site, free_port
from tests.nodejs import node_program

pytestmark = [pytest.mark.once, pytest.mark.journey, pytest.mark.anyio]

AT_ONCE = 3


async def test_processes_that_share_a_connection_refresh_it_one_by_one_and_all_at_once(
    site: Site, people: People, tmp_path: Path
) -> None:
    person = await people.new_account()

    async with open_desktop(tmp_path, person, button="Allow") as desktop:
        tools = await inspect(desktop, site.mcp_url, "--method", "tools/list")
        first = await call(desktop, site.mcp_url, "auth_info")
        await wait_until_expired(first)
        second = await call(desktop, site.mcp_url, "auth_info", "--protocol-era", "modern")
        await wait_until_expired(second)
        at_once = await asyncio.gather(*(call(desktop, site.mcp_url, "auth_info") for _ in range(AT_ONCE)))
        last = await call(desktop, site.mcp_url, "auth_info")

    assert set(TOOLS) <= {tool["name"] for tool in tools["tools"]}
    assert_speaks_for_account(first, person)
    assert_same_connection(second, first)
    for who in at_once:
        assert_same_connection(who, second)
    assert last["session_id"] == first["session_id"]
    assert len(desktop.opened) == 1
    registered = registration(site, first["client_id"])
    assert registered["scope"] == "identity.read link.write offline_access"


async def test_a_guest_who_allowed_one_scope_is_asked_for_the_second_when_a_tool_needs_it(
    site: Site, people: People, tmp_path: Path
) -> None:
    guest = await people.new()
    server = {"type": "streamable-http", "url": site.mcp_url, "oauth": {"scopes": "identity.read"}}
    config = tmp_path / "mcp.json"
    config.write_text(json.dumps({"mcpServers": {"site": server}}))
    known = ["--config", str(config), "--server", "site"]

    async with open_desktop(tmp_path, guest, button="Continue without an account") as desktop:
        before = await call(desktop, None, "auth_info", *known)
        asked_before = len(desktop.opened)
        minted = await call(desktop, None, "generate_dexter_linking_code", *known, typed="y\n")
        after = await call(desktop, None, "auth_info", *known)

    assert_speaks_for_guest(before, site)
    assert "link.write" not in before["scopes"]
    assert asked_before == 1
    assert len(minted["code"]) == len("XXX-XXX")
    assert len(desktop.opened) == 2
    assert {"identity.read", "link.write"} <= set(after["scopes"])
    assert (after["subject"], after["client_id"]) == (before["subject"], before["client_id"])


async def call(desktop: Desktop, url: str | None, tool: str, *arguments: str, typed: str = "") -> dict[str, Any]:
    """A tool's structured answer."""
    result = await inspect(desktop, url, "--method", "tools/call", "--tool-name", tool, *arguments, typed=typed)
    assert not result.get("isError"), result
    answer: dict[str, Any] = result["structuredContent"]
    return answer


async def inspect(desktop: Desktop, url: str | None, *arguments: str, typed: str = "") -> dict[str, Any]:
    """What one command prints as its result."""
    done = await run(
        desktop,
        *node_program("mcp-inspector"),
        "--cli",
        "--format=json",
        *(["--server-url", url, "--transport=http"] if url else []),
        f"--callback-url=http://127.0.0.1:{free_port()}/oauth/callback",
        # A slow machine's first connection takes long; the limit on the whole command decides.
        "--connect-timeout=0",
        *arguments,
        typed=typed,
        # Without a terminal it would not start to sign in, and without a keychain not keep what it got.
        MCP_AUTO_OPEN_ENABLED="true",
        MCP_INSPECTOR_SECRET_STORE="file",
    )
    assert done.exit_code == 0, f"{done.output}\n{done.errors}"
    result: dict[str, Any] = json.loads(done.output)["result"]
    return result
