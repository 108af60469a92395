"""Wrong codes are counted in the database: on every process, and over every restart (design §7, "wrong guesses")."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.journeys.browser import Person
from tests.journeys.conftest import People
from tests.journeys.connector import Connector
from tests.journeys.databases import Database
from tests.journeys.server import Site, open_site

pytestmark = [pytest.mark.journey, pytest.mark.anyio]

WRONG_CODES = [f"AAA-AA{last}" for last in "BCDEF"]
COUNTED, LOCKED = 400, 429


@pytest.fixture(scope="module")
async def site(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """A site of two processes: every guess meets another one than the last."""
    async with open_site(database, tmp_path_factory.mktemp("logs"), processes=2) as site:
        yield site


@pytest.fixture(autouse=True)
def _nothing_counted(site: Site) -> None:
    """All people of these tests come from one address: this site trusts nobody who says otherwise."""
    site.database.change("DELETE FROM accounts_counter")


async def test_five_wrong_codes_lock_an_account_on_every_process_and_over_a_restart(site: Site, people: People) -> None:
    guest, guesser, owner = await people.new(), await people.new_account(), await people.new_account()
    assistant = Connector(site.mcp_url, browse=guest.continue_without_account)

    async with assistant.connected() as session:
        code = (await session.call("generate_dexter_linking_code"))["code"]
        guesses = [await guess(guesser, wrong) for wrong in WRONG_CODES]
        # The right one comes too late, on both processes.
        too_late = [await guess(guesser, code) for _ in site.servers]
        for server in site.servers:
            await server.kill_and_start_again()
        after_restart = [await guess(guesser, code) for _ in site.servers]
        # Nobody else is locked out, and the code is as good as before.
        await owner.link(code)
        status = await session.call("check_dexter_account_link")

    assert guesses == [COUNTED] * 5
    assert too_late == after_restart == [LOCKED] * 2
    assert status["is_linked"] is True
    [(locked_until, window_started_at)] = site.database.rows(
        "SELECT locked_until, window_started_at FROM accounts_counter WHERE key LIKE %s AND locked_until IS NOT NULL",
        "guess:account:%",
    )
    assert locked_until > window_started_at


async def test_twenty_wrong_codes_lock_an_address_whoever_types_them(site: Site, people: People) -> None:
    guest = await people.new()
    guessers = [await people.new_account() for _ in range(5)]
    assistant = Connector(site.mcp_url, browse=guest.continue_without_account)

    async with assistant.connected() as session:
        code = (await session.call("generate_dexter_linking_code"))["code"]
        guesses = [await guess(guesser, wrong) for guesser in guessers[:4] for wrong in WRONG_CODES]
        too_late = [await guess(guessers[4], code) for _ in site.servers]
        await site.servers[0].kill_and_start_again()
        after_restart = [await guess(guessers[4], code) for _ in site.servers]
        status = await session.call("check_dexter_account_link")

    assert guesses == [COUNTED] * 20
    assert too_late == after_restart == [LOCKED] * 2
    assert status["is_linked"] is False


async def guess(person: Person, code: str) -> int:
    """Type a code; gives the status of the answer."""
    person.expected_statuses.update((COUNTED, LOCKED))
    async with person.page.expect_response(lambda response: response.request.method == "POST") as typed:
        await person.type_code(code)
    response = await typed.value
    await response.finished()
    return response.status
