"""One code, two confirmations in the same instant, in two processes: exactly one link (design §7, "one use")."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace

import anyio
import psycopg
import pytest

from tests.journeys.browser import Person
from tests.journeys.conftest import People
from tests.journeys.connector import Connector
from tests.journeys.databases import Database
from tests.journeys.server import Site, open_site

# Only PostgreSQL lets two processes be in the middle of it at once.
pytestmark = [pytest.mark.journey, pytest.mark.anyio, pytest.mark.postgres]

WAIT_SECONDS = 30


@pytest.fixture(scope="module")
async def site(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """A site of two processes."""
    async with open_site(database, tmp_path_factory.mktemp("logs"), processes=2) as site:
        yield site


@pytest.mark.parametrize("whose", ["two accounts", "one account in two browsers"])
async def test_of_two_confirmations_at_once_one_makes_the_link(site: Site, people: People, whose: str) -> None:
    assert site.forwarder is not None
    guest, ann = await people.new(), await people.new_account()
    other = await (people.new_account() if whose == "two accounts" else sign_in_elsewhere(ann, people))
    assistant = Connector(site.mcp_url, browse=guest.continue_without_account)

    async with assistant.connected() as session:
        code = (await session.call("generate_dexter_linking_code"))["code"]
        for person in (ann, other):
            await person.type_code(code)
            await person.sees(code)
            person.expected_statuses.add(400)
        site.forwarder.log.clear()
        with both_held_back(site.database) as let_go:
            presses = [asyncio.create_task(person.press("Link account")) for person in (ann, other)]
            await wait_until_two_wait(site.database)
            let_go()
        await asyncio.gather(*presses)
        headings = sorted([await heading_after_confirming(person) for person in (ann, other)])
        who = await session.call("auth_info")

    confirms = [request for request in site.forwarder.log if request.method == "POST"]
    assert len({request.port for request in confirms}) == 2
    # Whose link it is was told to both of their browsers; another account is told of a code that has ended.
    assert headings == ["Linked", "That code has ended" if whose == "two accounts" else "Linked"]
    subject = who["subject"]
    links = site.database.rows(
        "SELECT a.subject FROM linking_accountlink l JOIN accounts_user g ON g.id = l.user_id "
        "JOIN accounts_user a ON a.id = l.account_id WHERE g.subject = %s",
        subject,
    )
    assert links == [(who["account"]["account_id"],)]
    audited = "SELECT count(*) FROM accounts_auditentry WHERE action = %s AND session_id = %s"
    assert site.database.value(audited, "linking.link.confirmed", who["session_id"]) == 1
    assert site.database.value(audited, "linking.link.refused", who["session_id"]) == 1


async def sign_in_elsewhere(person: Person, people: People) -> Person:
    """The same person at another browser."""
    browser = await people.new()
    elsewhere = replace(browser, email=person.email, password=person.password)
    await elsewhere.sign_in()
    return elsewhere


async def heading_after_confirming(person: Person) -> str:
    """What the page is called that a confirmation led to."""
    heading = person.page.get_by_role("heading", level=1)
    deadline = time.monotonic() + WAIT_SECONDS
    while (text := await heading.inner_text()).startswith("Link this"):
        assert time.monotonic() < deadline, text
        await anyio.sleep(0.05)
    return text


@contextlib.contextmanager
def both_held_back(database: Database) -> Iterator[Callable[[], None]]:
    """Hold every row that a confirmation changes, so that those that come meet in the middle."""
    with psycopg.connect(database.url) as connection:
        connection.execute("SELECT 1 FROM linking_linkingcode FOR UPDATE")
        connection.execute("SELECT 1 FROM accounts_user WHERE is_guest FOR UPDATE")
        yield connection.rollback


async def wait_until_two_wait(database: Database) -> None:
    """Until both processes are in the middle of confirming."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    deadline = time.monotonic() + WAIT_SECONDS
    while database.value(query) < 2:
        assert time.monotonic() < deadline, "The confirmations did not meet."
        await anyio.sleep(0.02)
