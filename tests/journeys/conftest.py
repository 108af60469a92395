"""What journeys start from: a site, and people with browsers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

import pytest
from playwright.async_api import Browser

from tests.journeys.browser import Person, open_chromium
from tests.journeys.databases import Database, copy_of, migrated_database
from tests.journeys.server import Site, open_site


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Journeys come last, so that the servers and the browser that they share stand in nobody else's way."""
    items.sort(key=lambda item: item.get_closest_marker("journey") is not None)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Playwright needs asyncio."""
    return "asyncio"


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """The database that those of all sites are copied from."""
    with migrated_database(tmp_path_factory.mktemp("migrated")) as database:
        yield database


@pytest.fixture(scope="session")
async def shared_site(migrated: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """One process, for all tests that neither kill it nor count what others do.

    It is behind a proxy that it trusts, so that each person has an address and limits of their own.
    """
    directory = tmp_path_factory.mktemp("shared")
    with copy_of(migrated, directory) as database:
        async with open_site(database, directory, settings={"DEXTER_TRUSTED_PROXIES": "1"}) as site:
            yield site


@pytest.fixture(scope="module")
def site(shared_site: Site) -> Site:
    """The site of the journey. A module that needs another one overrides this."""
    return shared_site


@pytest.fixture(scope="module")
def database(migrated: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """An empty, migrated database for a site of the module's own."""
    with copy_of(migrated, tmp_path_factory.mktemp("site")) as database:
        yield database


@pytest.fixture(scope="session")
async def chromium(anyio_backend: str) -> AsyncIterator[Browser]:
    """The program; every person has a profile of their own in it."""
    async with open_chromium() as browser:
        yield browser


@dataclass
class People:
    """Makes people, and at the end looks at what their browsers complained about."""

    site: Site
    chromium: Browser
    made: list[Person] = field(default_factory=list)

    async def new(self) -> Person:
        """Somebody who was never here: an empty browser."""
        person = await Person.at_a_new_browser(self.site, self.chromium)
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
