"""FastMCP's client with its own `OAuth`, in a process of its own.

Before it opens the browser it asks the authorization endpoint itself, without cookies, and takes 400 for "this client
is gone": it forgets the registration and registers again. It refreshes by its own clock.
"""

from __future__ import annotations

import sys
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
from tests.clients.program import DRIVERS, driver
from tests.journeys.conftest import People
from tests.journeys.server import Site

pytestmark = [pytest.mark.once, pytest.mark.journey, pytest.mark.anyio]


async def test_a_guest_connects_and_the_connection_outlives_its_access_token(
    site: Site, people: People, tmp_path: Path
) -> None:
    guest = await people.new()

    async with (
        open_desktop(tmp_path, guest, button="Continue without an account") as desktop,
        driver(desktop, sys.executable, DRIVERS / "fastmcp_driver.py", site.mcp_url) as client,
    ):
        tools = await client.ask("tools")
        before = await client.call("auth_info")
        await wait_until_expired(before)
        after = await client.call("auth_info")

    assert set(TOOLS) <= set(tools)
    assert_speaks_for_guest(before, site)
    assert_same_connection(after, before)
    assert len(desktop.opened) == 1
    assert "prompt=consent" in desktop.opened[0]
    assert registration(site, before["client_id"])["scope"] == "identity.read link.write offline_access"


async def test_when_its_registration_is_gone_it_finds_out_before_the_person_does_and_registers_again(
    site: Site, people: People, tmp_path: Path
) -> None:
    person = await people.new_account()

    async with (
        open_desktop(tmp_path, person, button="Allow") as desktop,
        driver(desktop, sys.executable, DRIVERS / "fastmcp_driver.py", site.mcp_url) as client,
    ):
        before = await client.call("auth_info")
        gone = site.database.change(
            "UPDATE oauth_client SET client_id = %s WHERE client_id = %s", "another", before["client_id"]
        )
        await wait_until_expired(before)
        after = await client.call("auth_info")

    assert gone == 1
    assert_speaks_for_account(before, person)
    assert_speaks_for_account(after, person)
    assert after["client_id"] != before["client_id"]
    # Nobody was shown a page about a client that is not there.
    assert [before["client_id"] in url for url in desktop.opened] == [True, False]
