"""What journeys start from: a site, and people with browsers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

import pytest
from playwright.async_api import Browser, async_playwright

from tests.browser import find_system_chromium
from tests.journeys.browser import SECONDS, Person
from tests.journeys.databases import Database, copy_of, migrated_database
from tests.journeys.server import Site, open_site


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Playwright needs asyncio."""
    return "asyncio"


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """The database that those of all sites are copied from."""
    with migrated_database(tmp_path_factory.mktemp("migrated")) as database:
        yield database


@pytest.fixture(scope="module")
def database(migrated: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """An empty, migrated database."""
    with copy_of(migrated, tmp_path_factory.mktemp("site")) as database:
        yield database


@pytest.fixture(scope="module")
async def site(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """A site of one process that the tests of a module share. A module that needs another one overrides this."""
    async with open_site(database, tmp_path_factory.mktemp("logs")) as site:
        yield site


@pytest.fixture(scope="module")
async def chromium(anyio_backend: str) -> AsyncIterator[Browser]:
    """The program; every person has a profile of their own in it."""
    async with async_playwright() as playwright:
        # The sandbox needs rights that a container's root does not have, and the pages are ours.
        browser = await playwright.chromium.launch(executable_path=find_system_chromium(), args=["--no-sandbox"])
        yield browser
        await browser.close()


@dataclass
class People:
    """Makes people, and at the end looks at what their browsers complained about."""

    site: Site
    chromium: Browser
    made: list[Person] = field(default_factory=list)

    async def new(self) -> Person:
        """Somebody who was never here: an empty browser."""
        context = await self.chromium.new_context()
        context.set_default_timeout(SECONDS * 1000)
        person = Person(self.site, context, await context.new_page())
        self.made.append(person)
        return person

    async def new_account(self) -> Person:
        """Somebody who has just signed up."""
        person = await self.new()
        await person.sign_up()
        return person


@pytest.fixture
async def people(site: Site, chromium: Browser) -> AsyncIterator[People]:
    """People of this site."""
    people = People(site, chromium)
    yield people
    for person in people.made:
        await person.context.close()
    complaints = [complaint for person in people.made for complaint in person.complaints]
    assert not complaints, complaints
