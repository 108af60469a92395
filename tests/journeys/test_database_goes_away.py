"""PostgreSQL throws everybody out and lets nobody in: every answer is 503, nothing is lost, nobody is signed out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx2
import pytest
from playwright.async_api import expect

from tests.journeys.conftest import People
from tests.journeys.connector import Connector
from tests.journeys.databases import Database
from tests.journeys.elsewhere import elsewhere
from tests.journeys.handshake import call_tool, register
from tests.journeys.server import Site, open_site

pytestmark = [pytest.mark.journey, pytest.mark.anyio, pytest.mark.postgres]

# What vendors wait; the pool waits five seconds for a connection.
VENDOR_LIMIT_SECONDS = 10
PAGES = ["/mcp/authorize?client_id=x", "/link", "/account/", "/account/login/", "/admin/"]
SESSIONS = "SELECT count(*) FROM oauth_connectorsession"
FORM = {
    "client_id": "x",
    "client_secret": "y",
    "token": "dxr_x",
    "grant_type": "refresh_token",
    "refresh_token": "dxr_x",
}


@pytest.fixture(scope="module")
async def site(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """A site with a database that nobody else needs. Its log may say in full what PostgreSQL said."""
    async with open_site(database, tmp_path_factory.mktemp("logs"), may_crash=True) as site:
        yield site


async def until_it_is_back(site: Site) -> None:
    """As the answers say: try again in a moment. The pool does after one second, two, four, eight."""
    async with httpx2.AsyncClient(timeout=VENDOR_LIMIT_SECONDS) as client:
        for _ in range(60):
            if (await client.get(f"{site.url}/readyz")).status_code == 200:
                return
            await asyncio.sleep(0.5)
    pytest.fail("The site does not come back after the database has.")


async def test_a_person_who_decides_in_an_outage_gets_a_page_and_decides_again(site: Site, people: People) -> None:
    person = await people.new_account()
    async with elsewhere() as assistant:
        handshake = await register(site, f"{assistant.url}/callback")
        await person.open(handshake.authorization_url)
        person.expected_statuses.add(503)
        before = site.database.value(SESSIONS)
        with site.database.away():
            await person.press("Allow")
            await person.sees("Back in a moment")
        assert site.database.value(SESSIONS) == before
        # She is still signed in: the page asks for her decision, not for her password.
        await until_it_is_back(site)
        await person.open(handshake.authorization_url)
        await person.press("Allow")
        await expect(person.page.get_by_text("Elsewhere").first).to_be_visible()

    assert site.database.value(SESSIONS) == before + 1


async def test_every_page_is_503_and_says_when_to_come_back(site: Site) -> None:
    # A session cookie makes each of them ask the database.
    async with httpx2.AsyncClient(cookies={"dexter_session": "x" * 32}, timeout=30) as client:
        with site.database.away():
            away = await asyncio.gather(*(client.get(site.url + path) for path in PAGES))
        await until_it_is_back(site)
        back = [await client.get(site.url + path) for path in PAGES]

    for answer in away:
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5"), answer.url
        assert "Back in a moment" in answer.text
    assert {answer.status_code for answer in back} <= {200, 302, 400}


async def test_an_assistant_is_told_to_wait_and_keeps_its_registration(site: Site, people: People) -> None:
    guest = await people.new()
    assistant = Connector(site.mcp_url, browse=guest.continue_without_account)

    async with assistant.connected() as session, httpx2.AsyncClient(timeout=VENDOR_LIMIT_SECONDS) as client:
        with site.database.away():
            call = await call_tool(client, site, "auth_info", token=assistant.access_token)
            redirects = {"redirect_uris": ["http://127.0.0.1/callback"]}
            answers = await asyncio.gather(
                client.post(f"{site.mcp_url}/register", json=redirects),
                *(
                    client.post(f"{site.mcp_url}/{endpoint}", data=FORM)
                    for endpoint in ("token", "revoke", "introspect")
                ),
            )
        await until_it_is_back(site)
        after = await session.call("auth_info")

    for answer in (call, *answers):
        assert answer.status_code == 503, answer.url
        assert int(answer.headers["Retry-After"]) > 0
    assert [answer.json()["error"] for answer in answers] == ["temporarily_unavailable"] * 4
    assert after["is_guest"] is True
    assert len(assistant.authorization_urls) == 1
    assert assistant.access_token not in site.logs()
