"""A passkey in a real browser: added, used instead of a password, and asked for after one (WebAuthn, strict CSP)."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import expect

from tests.journeys.browser import Person
from tests.journeys.conftest import People
from tests.journeys.databases import Database
from tests.journeys.server import Site, open_site

pytestmark = [pytest.mark.journey, pytest.mark.anyio]


@pytest.fixture(scope="module")
async def site(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """A site under a name: browsers have no passkeys for a bare address."""
    async with open_site(database, tmp_path_factory.mktemp("logs"), origin="http://localhost", worker=True) as site:
        yield site


async def with_a_phone(person: Person) -> None:
    """Give the browser an authenticator that always sees its owner's finger."""
    devtools = await person.context.new_cdp_session(person.page)
    await devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    await devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})


async def sign_out(person: Person) -> None:
    """Leave the account in this browser."""
    await person.open("/account/logout/")
    await person.press("Sign out")


async def test_a_passkey_signs_in_and_guards_the_password(site: Site, people: People) -> None:
    ada = await people.new_account()
    await with_a_phone(ada)

    await ada.open("/account/profile/")
    await ada.press("Confirm your email")
    [code] = set(re.findall(r"^ {4}([\d-]+)$", await site.mail_to(ada.email), re.MULTILINE))
    await ada.fill("Code", code)
    await ada.press("Confirm")
    await ada.sees("Your email is confirmed.")

    await ada.open("/account/security/passkeys/add/")
    await ada.fill("Name", "My phone")
    await ada.press("Add passkey")
    await ada.sees("The passkey is added.")
    await ada.open("/account/security/")
    await ada.sees("My phone")

    await sign_out(ada)
    await ada.open("/account/login/?next=/link")
    await ada.press("Use a passkey")
    await expect(ada.page).to_have_url(f"{site.url}/link")

    await sign_out(ada)
    await ada.open("/account/login/")
    await ada.fill_in_sign_in()
    await ada.sees("One more step")
    await ada.press("Use a passkey")
    await ada.sees(ada.email)
    await expect(ada.page).to_have_url(f"{site.url}/account/")
