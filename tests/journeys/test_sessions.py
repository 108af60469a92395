"""Tokens outlive MCP sessions, and each of many sessions speaks for its own identity (design §2, §9)."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from tests.journeys.conftest import People
from tests.journeys.connector import PROTOCOLS, Connector
from tests.journeys.server import Site

pytestmark = [pytest.mark.journey, pytest.mark.anyio]


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_the_same_token_works_in_a_new_mcp_session(site: Site, people: People, protocol: str) -> None:
    guest = await people.new()
    assistant = Connector(site.mcp_url, browse=guest.continue_without_account, protocol=protocol)

    async with assistant.connected() as session:
        first = await session.call("auth_info")
    async with assistant.connected() as session:
        second = await session.call("auth_info")

    assert second == first
    assert len(assistant.memory.tokens) == len(assistant.authorization_urls) == 1


async def test_a_browser_that_connects_again_without_an_account_is_the_same_guest(site: Site, people: People) -> None:
    guest, other_guest = await people.new(), await people.new()
    assistants = [
        Connector(site.mcp_url, browse=person.continue_without_account) for person in (guest, guest, other_guest)
    ]

    found = []
    for assistant in assistants:
        async with assistant.connected() as session:
            found.append(await session.call("auth_info"))

    subjects = [who["subject"] for who in found]
    assert subjects[0] == subjects[1] != subjects[2]
    assert len({who["session_id"] for who in found}) == 3


async def test_sessions_side_by_side_have_the_right_identity_in_each(site: Site, people: People) -> None:
    ann, bob, guest = await people.new_account(), await people.new_account(), await people.new()
    ways_in = [ann.allow, ann.allow, bob.allow, guest.continue_without_account]
    assistants = [
        Connector(site.mcp_url, browse=way_in, name=f"Assistant {number}", protocol=PROTOCOLS[number % 2])
        for number, way_in in enumerate(ways_in)
    ]

    async with AsyncExitStack() as stack:
        sessions = [await stack.enter_async_context(assistant.connected()) for assistant in assistants]
        await ann.link((await sessions[3].call("generate_dexter_linking_code"))["code"])
        # All at once and several times over, so that they overlap in the server.
        answers = await asyncio.gather(*(session.call("auth_info") for _ in range(10) for session in sessions))

    subject_of = dict(site.database.rows("SELECT email, subject FROM accounts_user WHERE email IS NOT NULL"))
    accounts = [subject_of[person.email] for person in (ann, ann, bob, ann)]
    for who, account, assistant in zip(answers, accounts * 10, assistants * 10, strict=True):
        assert who["account"]["account_id"] == account
        assert (who["client_id"], who["client_name"]) == (assistant.client_id, assistant.name)
    assert [who["is_guest"] for who in answers[:4]] == [False, False, False, True]
    assert len({who["session_id"] for who in answers}) == 4
    assert [who["subject"] for who in answers[:3]] == accounts[:3]
    assert answers[3]["subject"] not in accounts
