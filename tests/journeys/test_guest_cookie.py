"""A guest is a cookie of its own, and nothing else (design §2): no sign-in, no choice of who to be."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.journeys.browser import Person
from tests.journeys.conftest import People
from tests.journeys.elsewhere import Elsewhere, elsewhere
from tests.journeys.handshake import register
from tests.journeys.server import Site

pytestmark = [pytest.mark.journey, pytest.mark.anyio]

GUEST_COOKIE = "dexter_guest"


@pytest.mark.parametrize("path", ["/link", "/link/confirm", "/account/", "/admin/"])
async def test_a_guests_browser_is_signed_out(site: Site, people: People, path: str) -> None:
    guest = await people.new()
    async with elsewhere() as assistant:
        await connect_as_guest(guest, assistant)

    await guest.open(path)

    await expect(guest.page.get_by_label("Password")).to_be_visible()
    assert await guest.cookie("dexter_session") is None


async def test_a_guests_cookie_is_out_of_reach_of_scripts_and_lasts_a_year(site: Site, people: People) -> None:
    guest = await people.new()
    async with elsewhere() as assistant:
        await connect_as_guest(guest, assistant)

    [cookie] = [cookie for cookie in await guest.context.cookies(site.url) if cookie["name"] == GUEST_COOKIE]
    now = await guest.page.evaluate("Date.now() / 1000")
    assert cookie["httpOnly"] is True
    assert cookie["sameSite"] == "Lax"
    assert cookie["expires"] - now == pytest.approx(365 * 24 * 3600, abs=120)


@pytest.mark.parametrize("name", ["another guest", "an account"])
async def test_a_cookie_that_names_somebody_else_makes_a_new_guest(site: Site, people: People, name: str) -> None:
    attacker, victim = await people.new(), await people.new()
    async with elsewhere() as assistant:
        await connect_as_guest(attacker, assistant)
        if name == "an account":
            await victim.sign_up()
            of_victim = site.database.value("SELECT subject FROM accounts_user WHERE email = %s", victim.email)
        else:
            of_victim = await connect_as_guest(victim, assistant)
        own = await attacker.cookie(GUEST_COOKIE)
        assert own is not None
        of_attacker = ":".join(own.split(":")[:2])
        forged = own.replace(of_attacker, of_victim)
        assert forged != own
        await attacker.context.add_cookies([{"name": GUEST_COOKIE, "value": forged, "url": site.url}])

        became = await connect_as_guest(attacker, assistant)

    assert became not in (of_victim, of_attacker)
    assert site.database.value("SELECT is_guest FROM accounts_user WHERE subject = %s", became)


async def connect_as_guest(person: Person, assistant: Elsewhere) -> str:
    """Consent without an account; gives the subject of the guest that this browser is by it."""
    handshake = await register(person.site, f"{assistant.url}/callback")
    await person.continue_without_account(handshake.authorization_url)
    subject: str = person.site.database.value(
        "SELECT u.subject FROM oauth_connectorsession s JOIN accounts_user u ON u.id = s.user_id "
        "JOIN oauth_client c ON c.id = s.client_id WHERE c.client_id = %s",
        handshake.client_id,
    )
    return subject
