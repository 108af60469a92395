"""A server that dies with SIGKILL and comes back has lost nothing: all that decides an answer is in the database."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.journeys.conftest import People
from tests.journeys.connector import PROTOCOLS, Connector
from tests.journeys.databases import Database
from tests.journeys.server import Site, open_site

pytestmark = [pytest.mark.journey, pytest.mark.anyio]


@pytest.fixture(scope="module")
async def site(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """A site that nobody else needs."""
    async with open_site(database, tmp_path_factory.mktemp("logs")) as site:
        yield site


async def test_killed_between_authorization_code_and_exchange_everything_goes_on(site: Site, people: People) -> None:
    guest = await people.new()
    assistant = Connector(
        site.mcp_url, browse=guest.continue_without_account, before_exchange=site.server.kill_and_start_again
    )

    async with assistant.connected() as session:
        who = await session.call("auth_info")

    assert who["is_guest"] is True
    assert len(assistant.authorization_urls) == 1


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_killed_between_token_and_call_everything_goes_on(site: Site, people: People, protocol: str) -> None:
    guest = await people.new()
    assistant = Connector(site.mcp_url, browse=guest.continue_without_account, protocol=protocol)

    async with assistant.connected() as session:
        before = await session.call("auth_info")
        await site.server.kill_and_start_again()
        after = await session.call("auth_info")

    assert after == before
    assert len(assistant.memory.tokens) == len(assistant.authorization_urls) == 1


async def test_killed_between_code_and_confirm_everything_goes_on(site: Site, people: People) -> None:
    guest, owner = await people.new(), await people.new_account()
    assistant = Connector(site.mcp_url, browse=guest.continue_without_account)

    async with assistant.connected() as session:
        code = (await session.call("generate_dexter_linking_code"))["code"]
        await site.server.kill_and_start_again()
        await owner.type_code(code)
        await owner.sees(code)
        await site.server.kill_and_start_again()
        await owner.press("Link account")
        await owner.sees(assistant.name)
        status = await session.call("check_dexter_account_link")

    assert status["is_linked"] is True
    assert len(assistant.memory.tokens) == 1
