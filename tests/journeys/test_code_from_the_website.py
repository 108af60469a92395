"""The other direction (design §2, `link_initiated_by: "web"`): a person makes a code on the website, gives it to an
assistant, and confirms on the page that waited."""

from __future__ import annotations

import pytest

from tests.journeys.conftest import People
from tests.journeys.connector import Connector
from tests.journeys.server import Site

pytestmark = [pytest.mark.journey, pytest.mark.anyio]


async def test_the_page_that_waits_shows_the_assistant_and_the_person_confirms(site: Site, people: People) -> None:
    guest, owner = await people.new(), await people.new_account()
    assistant = Connector(site.mcp_url, browse=guest.continue_without_account)

    async with assistant.connected() as session:
        await owner.open("/link/code")
        await owner.press("Get a code")
        code = await owner.page.locator(".code").inner_text()
        redeemed = await session.call("redeem_dexter_linking_code", code=code)
        # Nobody touches the browser: the page notices by itself.
        await owner.sees("It gave the code")
        await owner.sees(assistant.name)
        unconfirmed = await session.call("check_dexter_account_link")
        await owner.press("Link account")
        await owner.sees(assistant.name)
        after = await session.call("auth_info")

    assert redeemed["email"] == f"{owner.email[0]}***@example.com"
    assert unconfirmed["is_linked"] is False
    assert after["account"]["link_initiated_by"] == "web"
    assert after["account"]["account_id"] == redeemed["account_id"]


async def test_a_person_declines_a_stranger_who_came_with_their_code(site: Site, people: People) -> None:
    stranger, owner = await people.new(), await people.new_account()
    assistant = Connector(site.mcp_url, browse=stranger.continue_without_account)

    async with assistant.connected() as session:
        await owner.open("/link/code")
        await owner.press("Get a code")
        await session.call("redeem_dexter_linking_code", code=await owner.page.locator(".code").inner_text())
        await owner.sees("It gave the code")
        await owner.press("Not me")
        await owner.sees("Nothing is linked to your account by that code")
        after = await session.call("auth_info")

    assert after["is_linked"] is False
