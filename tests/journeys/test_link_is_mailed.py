"""Whoever linked gets an e-mail, from the worker where there is one, that undoes it (design §7, "afterwards")."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import httpx2
import pytest

from tests.journeys.conftest import People
from tests.journeys.connector import Connector
from tests.journeys.databases import Database
from tests.journeys.handshake import call_tool
from tests.journeys.server import Site, open_site

pytestmark = [pytest.mark.journey, pytest.mark.anyio]


@pytest.fixture(scope="module")
async def site(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """A site with a Celery worker, where there is a Redis."""
    async with open_site(database, tmp_path_factory.mktemp("logs"), worker=True) as site:
        yield site


async def test_this_was_not_me_in_the_mail_unlinks_and_ends_the_connection(site: Site, people: People) -> None:
    guest, owner, reader = await people.new(), await people.new_account(), await people.new()
    assistant = Connector(site.mcp_url, browse=guest.continue_without_account)
    async with assistant.connected() as session:
        await owner.link((await session.call("generate_dexter_linking_code"))["code"])
        linked = await session.call("check_dexter_account_link")

    mail = await site.mail_to(owner.email)
    [disown_url] = set(re.findall(re.escape(site.url) + r'/link/[^\s"<]+', mail))
    # In the mail program's browser nobody is signed in.
    await reader.open(disown_url)
    await reader.page.get_by_role("main").get_by_role("button").click()
    await reader.page.wait_for_load_state()

    async with httpx2.AsyncClient() as client:
        refused = await call_tool(client, site, "auth_info", token=assistant.access_token)
    assert linked["is_linked"] is True
    assert refused.status_code == 401
    assert site.database.value("SELECT count(*) FROM linking_accountlink") == 0
    assert site.database.value("SELECT end_reason FROM oauth_connectorsession") == "disowned"
