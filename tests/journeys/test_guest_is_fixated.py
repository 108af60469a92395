"""A neighbour on the same domain plants the cookies of its own guest in a person's browser, to share what they link.

Over https our cookies carry the `__Host-` prefix, which browsers take from nobody but the host itself (RFC 6265bis
§4.1.3.2). That needs names and certificates, so this site has some.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser

from tests.journeys.browser import Person, open_chromium
from tests.journeys.certificates import make_certificate
from tests.journeys.conftest import People
from tests.journeys.databases import Database
from tests.journeys.elsewhere import elsewhere
from tests.journeys.handshake import register
from tests.journeys.server import Site, open_site

pytestmark = [pytest.mark.journey, pytest.mark.anyio]

HOST = "dexter.test"
NEIGHBOUR = f"blog.{HOST}"


@pytest.fixture(scope="module")
async def site(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """A site with https and a domain name."""
    directory = tmp_path_factory.mktemp("logs")
    async with open_site(
        database, directory, origin=f"https://{HOST}", certificate=make_certificate(directory / "own.pem", host=HOST)
    ) as site:
        yield site


@pytest.fixture(scope="module")
async def chromium(anyio_backend: str) -> AsyncIterator[Browser]:
    """A browser that finds our names here, and minds no certificate."""
    async with open_chromium("--ignore-certificate-errors", f"--host-resolver-rules=MAP *{HOST} 127.0.0.1") as browser:
        yield browser


@pytest.mark.parametrize("name", ["__Host-dexter_guest", "dexter_guest"])
async def test_a_guest_planted_by_a_neighbour_is_not_who_a_person_becomes(
    site: Site, people: People, name: str
) -> None:
    attacker, victim = await people.new(), await people.new()
    of_attacker = await connect_as_guest(attacker)
    # Whatever the site calls it.
    cookies = await attacker.context.cookies(site.url)
    [own_cookie] = [cookie["value"] for cookie in cookies if cookie["name"].endswith("dexter_guest")]

    async with elsewhere() as neighbour:
        plant = f"{name}={own_cookie}; domain={HOST}; path=/; max-age=9999"
        neighbour.page = f"<h1>My blog</h1><script>document.cookie = {plant!r}</script>"
        await victim.open(neighbour.url.replace("127.0.0.1", NEIGHBOUR))
        await victim.sees("My blog")
    planted = {cookie["name"] for cookie in await victim.context.cookies(site.url)}
    of_victim = await connect_as_guest(victim)

    # The browser takes the plain name, which we never read, and not the prefixed one.
    assert planted == {"dexter_guest"} & {name}
    assert of_victim != of_attacker


async def connect_as_guest(person: Person) -> str:
    """Consent without an account; gives the subject of the guest that this browser is by it."""
    async with elsewhere() as assistant:
        handshake = await register(person.site, f"{assistant.url}/callback")
        await person.continue_without_account(handshake.authorization_url)
    subject: str = person.site.database.value(
        "SELECT u.subject FROM oauth_connectorsession s JOIN accounts_user u ON u.id = s.user_id "
        "JOIN oauth_client c ON c.id = s.client_id WHERE c.client_id = %s",
        handshake.client_id,
    )
    return subject
