"""The main job (design §3): an assistant connects without an account, and a code joins it to one.

The tokens stay the same all the way, on every revision of the protocol.
"""

from __future__ import annotations

import re

import pytest

from tests.journeys.browser import Person
from tests.journeys.conftest import People
from tests.journeys.connector import PROTOCOLS, Connector, ToolFailed
from tests.journeys.server import Site

pytestmark = [pytest.mark.journey, pytest.mark.anyio]


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_the_same_token_acts_for_the_account_once_the_code_is_confirmed(
    site: Site, people: People, protocol: str
) -> None:
    guest, owner = await people.new(), await people.new()
    assistant = Connector(site.mcp_url, browse=guest.continue_without_account, protocol=protocol)

    async with assistant.connected() as session:
        before = await session.call("auth_info")
        with pytest.raises(ToolFailed, match="not_linked"):
            await session.call("get_linked_dexter_account")
        minted = await session.call("generate_dexter_linking_code")
        await sign_up_on_the_way_to_the_link_page(owner, minted["link_url"])
        await type_the_code_and_look(owner, minted["code"], assistant)
        while_asked = await session.call("check_dexter_account_link")
        await owner.press("Link account")
        await owner.sees(assistant.name)
        after = await session.call("auth_info")
        account = await session.call("get_linked_dexter_account")

    assert (before["is_guest"], before["is_linked"], before["account"]) == (True, False, None)
    assert re.fullmatch("[A-HJ-NP-Z2-9]{3}-[A-HJ-NP-Z2-9]{3}", minted["code"])
    assert minted["link_url"] == f"{site.url}/link"
    assert while_asked["is_linked"] is False
    assert after["is_linked"] is True
    assert {**after, "is_linked": False, "account": None} == before
    assert len(assistant.memory.tokens) == 1
    assert account == after["account"]
    assert account["link_initiated_by"] == "mcp"
    assert account["email"] == f"{owner.email[0]}***@example.com"
    subject = site.database.value("SELECT subject FROM accounts_user WHERE email = %s", owner.email)
    assert account["account_id"] == subject


async def test_a_person_unlinks_at_their_account_page_and_may_link_again(site: Site, people: People) -> None:
    guest, owner = await people.new(), await people.new_account()
    assistant = Connector(site.mcp_url, browse=guest.continue_without_account)

    async with assistant.connected() as session:
        await owner.link((await session.call("generate_dexter_linking_code"))["code"])
        linked = await session.call("check_dexter_account_link")
        await owner.open("/account/")
        await owner.press("Unlink")
        await owner.sees("No assistant")
        unlinked = await session.call("check_dexter_account_link")
        await owner.link((await session.call("generate_dexter_linking_code"))["code"])
        again = await session.call("check_dexter_account_link")

    assert [linked["is_linked"], unlinked["is_linked"], again["is_linked"]] == [True, False, True]


async def test_a_person_who_says_not_me_links_nothing_and_ends_the_code(site: Site, people: People) -> None:
    guest, owner = await people.new(), await people.new_account()
    assistant = Connector(site.mcp_url, browse=guest.continue_without_account)

    async with assistant.connected() as session:
        code = (await session.call("generate_dexter_linking_code"))["code"]
        await owner.type_code(code)
        await owner.press("Not me")
        await owner.sees("Nothing is linked to your account by that code")
        owner.expected_statuses.add(400)
        await owner.type_code(code)
        await owner.sees("does not work")
        status = await session.call("check_dexter_account_link")

    assert status["is_linked"] is False
    assert await owner.button("Link account").count() == 0


async def sign_up_on_the_way_to_the_link_page(owner: Person, link_url: str) -> None:
    """The page wants an account before it asks for a code, and comes back afterwards."""
    await owner.open(link_url)
    await owner.page.get_by_role("link", name="Create an account").click()
    await owner.fill_in_sign_up()


async def type_the_code_and_look(owner: Person, code: str, assistant: Connector) -> None:
    """Typed carelessly, the code leads to a page that says all that design §7 asks for."""
    await owner.fill("Code", code.lower().replace("-", " "))
    await owner.press("Continue")
    for text in (code, assistant.name, re.compile("not verified|unverified"), owner.email):
        await owner.sees(text)
