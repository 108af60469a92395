"""The main job (design §3) by somebody whose browser speaks German: pages and mail do too, the assistant does not."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser

from tests.journeys.browser import Person
from tests.journeys.connector import Connector
from tests.journeys.databases import Database
from tests.journeys.server import Site, open_site

pytestmark = [pytest.mark.journey, pytest.mark.anyio]

A_MOMENT_AGO = re.compile(r"vor (weniger als einer|\d+) Minuten?")
A_DATE = re.compile(r"\d+\. \w+ \d{4} um \d\d:\d\d")


@pytest.fixture(scope="module")
async def site(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """A site with a Celery worker, where there is a Redis: the mail comes from there."""
    async with open_site(database, tmp_path_factory.mktemp("logs"), worker=True) as site:
        yield site


@pytest.fixture
async def person(site: Site, chromium: Browser) -> AsyncIterator[Person]:
    """Somebody with a phone that is set to German."""
    context = await chromium.new_context(
        locale="de-DE", viewport={"width": 390, "height": 844}, reduced_motion="reduce"
    )
    person = Person(site, context, await context.new_page())
    yield person
    await context.close()
    assert person.complaints == []


async def test_a_person_connects_and_links_in_german(site: Site, person: Person) -> None:
    async def connect(url: str) -> None:
        await person.open(url)
        await person.press("Ohne Konto fortfahren")
        await person.is_back_at_the_assistant()

    async with Connector(site.mcp_url, browse=connect).connected() as session:
        minted = await session.call("generate_dexter_linking_code")
        await person.open(minted["link_url"])
        await person.page.get_by_role("link", name="Neues Konto anlegen", exact=True).click()
        await person.fill("E-Mail", person.email)
        await person.fill("Passwort", person.password)
        await person.press("Konto erstellen")
        await person.fill("Code", minted["code"])
        await person.press("Weiter")
        for text in ("Diesen Assistenten mit Ihrem Konto verknüpfen?", A_MOMENT_AGO, A_DATE):
            await person.sees(text)
        await person.press("Konto verknüpfen")
        await person.sees("handelt jetzt für")
        linked = await session.call("check_dexter_account_link")

    mail = await site.mail_to(person.email)
    assert linked["is_linked"] is True
    assert minted["instructions"].startswith("Tell the person")
    assert "Das war ich nicht" in mail


async def test_a_person_changes_the_language_and_stays_on_the_page(site: Site, person: Person) -> None:
    await person.open("/account/login/?next=/link")
    await person.press("English")

    await person.sees("Forgot password?")
    assert person.page.url == f"{site.url}/account/login/?next=/link"
    await person.open("/")
    await person.press("Deutsch")
    await person.sees("Verbinden Sie Ihren Assistenten")
