"""Two processes on one database, and every request of a journey goes to the other one than the last."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import pairwise

import pytest

from tests.journeys.conftest import People
from tests.journeys.connector import PROTOCOLS, Connector
from tests.journeys.databases import Database
from tests.journeys.server import Site, open_site

pytestmark = [pytest.mark.journey, pytest.mark.anyio]


@pytest.fixture(scope="module")
async def site(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """A site of two processes."""
    async with open_site(database, tmp_path_factory.mktemp("logs"), processes=2) as site:
        yield site


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_no_request_needs_the_process_of_the_last_one(site: Site, people: People, protocol: str) -> None:
    assert site.forwarder is not None
    site.forwarder.log.clear()
    guest, owner = await people.new(), await people.new_account()
    assistant = Connector(site.mcp_url, browse=guest.continue_without_account, protocol=protocol)

    async with assistant.connected() as session:
        before = await session.call("auth_info")
        await owner.link((await session.call("generate_dexter_linking_code"))["code"])
        # On either process the next call knows.
        after = [await session.call("auth_info") for _ in range(2)]
        await owner.open("/account/")
        await owner.press("End connection")
        await owner.sees("No assistant")
    forwarded = site.forwarder.log

    assert before["is_linked"] is False
    assert [who["is_linked"] for who in after] == [True, True]
    assert {request.port for request in forwarded} == {server.port for server in site.servers}
    assert all(one.port != other.port for one, other in pairwise(forwarded))
    paths = {request.target.partition("?")[0] for request in forwarded}
    assert {"/mcp", "/mcp/register", "/mcp/authorize", "/mcp/token", "/account/signup/", "/link"} <= paths


async def test_a_connection_that_was_ended_through_one_process_is_refused_by_both(site: Site, people: People) -> None:
    person = await people.new_account()
    assistant = Connector(site.mcp_url, browse=person.allow)
    async with assistant.connected() as session:
        for _ in range(2):
            await session.call("auth_info")

    await person.open("/account/")
    await person.press("End connection")
    await person.sees("No assistant")

    asked_again: list[str] = []

    async def note(authorization_url: str) -> None:
        asked_again.append(authorization_url)
        await person.deny(authorization_url)

    assistant.browse = note
    for _ in range(2):
        with pytest.raises(Exception, match="access_denied"):
            async with assistant.connected():
                pass
    assert len(asked_again) == 2
