"""What else people do when an assistant sends them to the consent page: say no, or make an account first.

A denial goes back to the assistant with `access_denied`, `state` (RFC 6749 §4.1.2.1) and `iss` (RFC 9207 §2).
"""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.journeys.conftest import People
from tests.journeys.connector import AuthorizationRefused, Connector
from tests.journeys.server import Site

pytestmark = [pytest.mark.journey, pytest.mark.anyio]


@pytest.mark.parametrize("is_signed_in", [False, True], ids=["signed out", "signed in"])
async def test_a_denial_reaches_the_assistant(site: Site, people: People, is_signed_in: bool) -> None:
    person = await (people.new_account() if is_signed_in else people.new())
    assistant = Connector(site.mcp_url, browse=person.deny)
    before = site.database.counts()

    with pytest.raises(AuthorizationRefused) as refusal:
        async with assistant.connected():
            pass

    sent = parse_qs(urlsplit(assistant.authorization_urls[0]).query)
    answer = refusal.value.answer
    assert answer["error"] == "access_denied"
    assert answer["state"] == sent["state"][0]
    assert answer["iss"] == f"{site.url}/mcp"
    assert "code" not in answer
    after = site.database.counts()
    for table in ("oauth_connectorsession", "oauth_grant", "oauth_accesstoken"):
        assert after[table] == before[table]


async def test_signing_up_in_the_middle_lands_back_on_the_consent_page(site: Site, people: People) -> None:
    person = await people.new()

    async def sign_up_and_allow(authorization_url: str) -> None:
        await person.open(authorization_url)
        await person.press("Create account")
        await person.fill_in_sign_up()
        await person.press("Allow")
        await person.is_back_at_the_assistant()

    assistant = Connector(site.mcp_url, browse=sign_up_and_allow)
    async with assistant.connected() as session:
        who = await session.call("auth_info")

    assert (who["is_guest"], who["is_linked"]) == (False, True)
    assert who["account"]["email"] == f"{person.email[0]}***@example.com"


async def test_signing_in_in_the_middle_lands_back_on_the_consent_page(site: Site, people: People) -> None:
    person = await people.new_account()
    await person.context.clear_cookies()

    async def sign_in_and_allow(authorization_url: str) -> None:
        await person.open(authorization_url)
        await person.press("Sign in")
        await person.fill_in_sign_in()
        await person.press("Allow")
        await person.is_back_at_the_assistant()

    assistant = Connector(site.mcp_url, browse=sign_in_and_allow)
    async with assistant.connected() as session:
        who = await session.call("auth_info")

    assert who["account"]["email"] == f"{person.email[0]}***@example.com"
