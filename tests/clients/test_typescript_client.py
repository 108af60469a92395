"""The TypeScript SDK's client package, 2.x (`@modelcontextprotocol/client`), held to revision 2026-07-28.

Beyond what 1.x does, it refuses a document whose issuer is not the one it asked for (RFC 8414 §3.3) and an
authorization response whose `iss` is another (RFC 9207 §2.4), adds `offline_access` to what it registers for and asks
for wherever the authorization server lists it, and answers 403 `insufficient_scope` by asking the person, for all the
scopes that it had and that the challenge names.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.clients.answers import (
    TOOLS,
    assert_same_connection,
    assert_speaks_for_account,
    assert_speaks_for_guest,
    registration,
    wait_until_expired,
)
from tests.clients.desktop import open_desktop
from tests.clients.program import node_driver
from tests.journeys.conftest import People
from tests.journeys.server import Site

pytestmark = [pytest.mark.once, pytest.mark.journey, pytest.mark.anyio]


async def test_a_signed_in_person_connects_and_the_connection_outlives_its_access_token(
    site: Site, people: People, tmp_path: Path
) -> None:
    person = await people.new_account()

    async with (
        open_desktop(tmp_path, person, button="Allow") as desktop,
        node_driver(desktop, "client.mjs", site.mcp_url) as client,
    ):
        protocol = await client.ask("connect")
        tools = await client.ask("tools")
        before = await client.call("auth_info")
        await wait_until_expired(before)
        after = await client.call("auth_info")
        held = await client.ask("held")

    assert protocol == "2026-07-28"
    assert set(TOOLS) <= set(tools)
    assert_speaks_for_account(before, person)
    assert_same_connection(after, before)
    assert len(desktop.opened) == held["opened"] == 1
    assert held["tokens"]["issuer"] == before["issuer"]
    assert registration(site, before["client_id"])["scope"] == "identity.read link.write offline_access"


async def test_a_guest_who_allowed_one_scope_is_asked_for_the_second_when_a_tool_needs_it(
    site: Site, people: People, tmp_path: Path
) -> None:
    guest = await people.new()

    async with (
        open_desktop(tmp_path, guest, button="Continue without an account") as desktop,
        node_driver(desktop, "client.mjs", site.mcp_url) as client,
    ):
        await client.ask("signIn", scope="identity.read")
        await client.ask("connect")
        before = await client.call("auth_info")
        asked_before = len(desktop.opened)
        minted = await client.call("generate_dexter_linking_code")
        after = await client.call("auth_info")

    assert_speaks_for_guest(before, site)
    assert set(before["scopes"]) == {"identity.read", "offline_access"}
    assert asked_before == 1
    assert len(minted["code"]) == len("XXX-XXX")
    assert len(desktop.opened) == 2
    assert set(after["scopes"]) == {"identity.read", "link.write", "offline_access"}
    assert (after["subject"], after["client_id"]) == (before["subject"], before["client_id"])
