"""The official TypeScript SDK, 1.x (`@modelcontextprotocol/sdk`): its client, transport and `OAuthClientProvider`.

It reads the challenge of the 401, both documents, and registers as a public client, with the challenge's scopes in the
body's `scope`. It refreshes when a call is answered 401, and also, in vain, when it is answered 403
`insufficient_scope`: what was allowed once does not grow by refreshing (RFC 6749 §6). As long as it has a refresh token
it does not ask the person for more.
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
from tests.clients.program import ClientFailed, node_driver
from tests.journeys.conftest import People
from tests.journeys.server import Site

pytestmark = [pytest.mark.once, pytest.mark.journey, pytest.mark.anyio]


async def test_a_signed_in_person_connects_and_the_connection_outlives_its_access_token(
    site: Site, people: People, tmp_path: Path
) -> None:
    person = await people.new_account()

    async with (
        open_desktop(tmp_path, person, button="Allow") as desktop,
        node_driver(desktop, "sdk.mjs", site.mcp_url) as client,
    ):
        await client.ask("connect")
        tools = await client.ask("tools")
        before = await client.call("auth_info")
        await wait_until_expired(before)
        after = await client.call("auth_info")
        held = await client.ask("held")

    assert set(TOOLS) <= set(tools)
    assert_speaks_for_account(before, person)
    assert_same_connection(after, before)
    assert len(desktop.opened) == held["opened"] == 1
    assert before["client_id"] == held["client"]["client_id"]
    assert registration(site, before["client_id"])["scope"] == "identity.read link.write"


async def test_a_guest_allows_the_second_scope_once_the_application_has_let_go_of_its_tokens(
    site: Site, people: People, tmp_path: Path
) -> None:
    guest = await people.new()

    async with (
        open_desktop(tmp_path, guest, button="Continue without an account") as desktop,
        node_driver(desktop, "sdk.mjs", site.mcp_url) as client,
    ):
        await client.ask("signIn", scope="identity.read")
        await client.ask("connect")
        before = await client.call("auth_info")
        with pytest.raises(ClientFailed, match="403 after trying upscoping"):
            await client.call("generate_dexter_linking_code")
        asked_before = len(desktop.opened)
        await client.ask("forgetTokens")
        await client.ask("connect")
        minted = await client.call("generate_dexter_linking_code")
        after = await client.call("auth_info")

    assert_speaks_for_guest(before, site)
    assert before["scopes"] == ["identity.read"]
    assert asked_before == 1
    assert len(minted["code"]) == len("XXX-XXX")
    assert len(desktop.opened) == 2
    assert set(after["scopes"]) == {"identity.read", "link.write"}
    assert (after["subject"], after["client_id"]) == (before["subject"], before["client_id"])
