"""A server that is stopped with SIGTERM writes down what it has not written yet (design §9)."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.journeys.conftest import People
from tests.journeys.connector import Connector
from tests.journeys.databases import Database
from tests.journeys.server import Site, open_site

pytestmark = [pytest.mark.journey, pytest.mark.anyio]

CALLS = "SELECT count(*) FROM mcp_bridge_toolcall WHERE outcome = 'ok'"


@pytest.fixture(scope="module")
async def site(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """A site that nobody else needs."""
    async with open_site(database, tmp_path_factory.mktemp("logs")) as site:
        yield site


async def test_stopped_right_after_a_call_it_is_there_for_the_person_to_see(site: Site, people: People) -> None:
    owner = await people.new_account()
    assistant = Connector(site.mcp_url, browse=owner.allow)

    async with assistant.connected() as session:
        for calls in range(1, 6):
            await session.call("auth_info")
            # Less than a second has gone by, which is how long the writer waits.
            site.server.stop()
            assert site.database.value(CALLS) == calls
            site.server.start()
            await site.server.wait_until_ready()

    await owner.open("/account/activity/")
    await owner.sees(f"{assistant.name} used “Who am I speaking for”")
