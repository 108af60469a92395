"""The main job (design §3) from the consent page to a confirmed link, on a site that confirms e-mail addresses.

It takes at most 8 clicks for a new person and 4 for a signed-in one, needs no JavaScript, and no pointer.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser

from tests.journeys.browser import Person
from tests.journeys.conftest import People
from tests.journeys.connector import Connector
from tests.journeys.databases import Database
from tests.journeys.server import Site, open_site
from tests.pages.hands import Hand, Keyboard, Pointer

pytestmark = [pytest.mark.once, pytest.mark.journey, pytest.mark.anyio]

# How much of a minute the pages themselves may take, from one first paint to the other; a machine has no hesitation.
MOST_SECONDS = 30
FIRST_PAINT = """
() => performance.timeOrigin + (performance.getEntriesByName("first-paint")[0]?.startTime ?? 0)
"""


@pytest.fixture(scope="module")
async def site(anyio_backend: str, database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """Addresses are confirmed by code, so that a new person has one more step than in debug."""
    settings = {"DEXTER_EMAIL_VERIFICATION": "mandatory", "DEXTER_TRUSTED_PROXIES": "1"}
    async with open_site(database, tmp_path_factory.mktemp("logs"), settings=settings) as site:
        yield site


@pytest.fixture
async def person_without_javascript(people: People, chromium: Browser) -> Person:
    """Somebody who turned scripts off."""
    context = await chromium.new_context(java_script_enabled=False, locale="en-GB")
    person = Person(people.site, context, await context.new_page())
    people.made.append(person)
    return person


async def test_a_new_person_needs_at_most_eight_clicks(site: Site, people: People) -> None:
    person = await people.new()
    hand, painted_at = Pointer(person), []

    async def connect(url: str) -> None:
        await person.open(url)
        painted_at.append(await person.page.evaluate(FIRST_PAINT))
        await hand.press("Continue without an account")
        await person.is_back_at_the_assistant()

    async with Connector(site.mcp_url, browse=connect).connected() as session:
        await link_with_a_new_account(hand, await session.call("generate_dexter_linking_code"))
        painted_at.append(await person.page.evaluate(FIRST_PAINT))
        linked = await session.call("check_dexter_account_link")

    assert linked["is_linked"] is True
    assert hand.clicks <= 8, f"{hand.clicks} clicks"
    assert painted_at[1] - painted_at[0] < MOST_SECONDS * 1000


async def test_a_new_person_who_signs_up_at_the_consent_page_needs_fewer(site: Site, people: People) -> None:
    person = await people.new()
    hand = Pointer(person)

    async def connect(url: str) -> None:
        await person.open(url)
        await hand.press("Create account")
        await create_account(hand)
        await hand.press("Allow")
        await person.is_back_at_the_assistant()

    async with Connector(site.mcp_url, browse=connect).connected() as session:
        linked = await session.call("check_dexter_account_link")

    assert linked["is_linked"] is True
    assert hand.clicks <= 4, f"{hand.clicks} clicks"


async def test_a_signed_in_person_needs_at_most_four_clicks(site: Site, people: People) -> None:
    """The longest way: the assistant is in another browser, as that of a program on a server is."""
    guest, person = await people.new(), await people.new()
    hand, hand_elsewhere, painted_at = Pointer(person), Pointer(guest), []
    await person.open("/account/signup/")
    await create_account(Pointer(person))

    async def connect(url: str) -> None:
        await guest.open(url)
        painted_at.append(await guest.page.evaluate(FIRST_PAINT))
        await hand_elsewhere.press("Continue without an account")
        await guest.is_back_at_the_assistant()

    async with Connector(site.mcp_url, browse=connect).connected() as session:
        minted = await session.call("generate_dexter_linking_code")
        await hand.open(minted["link_url"])
        await type_and_confirm(hand, minted["code"])
        painted_at.append(await person.page.evaluate(FIRST_PAINT))
        linked = await session.call("check_dexter_account_link")

    assert linked["is_linked"] is True
    assert hand.clicks + hand_elsewhere.clicks <= 4
    assert painted_at[1] - painted_at[0] < MOST_SECONDS * 1000


async def test_a_signed_in_person_whose_browser_it_is_needs_one_click(site: Site, people: People) -> None:
    person = await people.new()
    hand = Pointer(person)
    await person.open("/account/signup/")
    await create_account(Pointer(person))

    async def connect(url: str) -> None:
        await person.open(url)
        await hand.press("Allow")
        await person.is_back_at_the_assistant()

    async with Connector(site.mcp_url, browse=connect).connected() as session:
        linked = await session.call("check_dexter_account_link")

    assert linked["is_linked"] is True
    assert hand.clicks == 1


async def test_it_needs_no_javascript(site: Site, person_without_javascript: Person) -> None:
    person = person_without_javascript

    async with Connector(site.mcp_url, browse=person.continue_without_account).connected() as session:
        await link_with_a_new_account(Pointer(person), await session.call("generate_dexter_linking_code"))
        linked = await session.call("check_dexter_account_link")

    assert linked["is_linked"] is True


async def test_the_page_that_waits_for_an_assistant_needs_no_javascript(
    site: Site, people: People, person_without_javascript: Person
) -> None:
    guest, person = await people.new(), person_without_javascript
    await person.open("/account/signup/?next=/link/code")
    await create_account(Pointer(person))

    async with Connector(site.mcp_url, browse=guest.continue_without_account).connected() as session:
        await person.press("Get a code")
        code = await person.page.locator(".code").inner_text()
        await session.call("redeem_dexter_linking_code", code=code)
        await person.page.get_by_role("link", name="Look again", exact=True).click()
        await person.press("Link account")
        await person.sees("now acts for")
        linked = await session.call("check_dexter_account_link")

    assert linked["is_linked"] is True


async def test_it_needs_no_pointer(site: Site, people: People) -> None:
    person = await people.new()
    hand = Keyboard(person)

    async def connect(url: str) -> None:
        await person.open(url)
        await hand.press("Continue without an account")
        await person.is_back_at_the_assistant()

    async with Connector(site.mcp_url, browse=connect).connected() as session:
        await link_with_a_new_account(hand, await session.call("generate_dexter_linking_code"))
        linked = await session.call("check_dexter_account_link")

    assert linked["is_linked"] is True


async def test_the_skip_link_skips(site: Site, people: People) -> None:
    person = await people.new()
    await person.open("/")

    await person.page.keyboard.press("Tab")
    await person.page.keyboard.press("Enter")
    await person.page.keyboard.press("Tab")

    assert await person.page.evaluate("document.querySelector('main').contains(document.activeElement)")


async def link_with_a_new_account(hand: Hand, minted: dict[str, str]) -> None:
    """From what the assistant shows to the page that says that it worked."""
    await hand.open(minted["link_url"])
    await hand.follow("Create an account")
    await create_account(hand)
    await type_and_confirm(hand, minted["code"])


async def create_account(hand: Hand) -> None:
    """On the sign-up page, and with the code from the e-mail."""
    person = hand.person
    await hand.fill("Email", person.email)
    await hand.fill("Password", person.password)
    await hand.press("Create account")
    await person.sees("Check your email")
    found = re.search(r"\b\d{4}-\d{4}\b", await person.site.mail_to(person.email))
    assert found is not None
    await hand.fill("Code", found[0])
    await hand.press("Confirm")


async def type_and_confirm(hand: Hand, code: str) -> None:
    """On the page for codes, and on the one that asks."""
    await hand.fill("Code", code)
    await hand.press("Continue")
    await hand.press("Link account")
    await hand.person.sees("now acts for")
