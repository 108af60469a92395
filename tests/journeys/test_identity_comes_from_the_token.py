"""Only a bearer token says who is calling: no header, cookie or argument does, and there is no default (design §1)."""

from __future__ import annotations

import httpx2
import pytest

from tests.journeys.browser import Person
from tests.journeys.conftest import People
from tests.journeys.connector import PROTOCOLS, Connector, ToolFailed
from tests.journeys.handshake import call_tool
from tests.journeys.server import Site

pytestmark = [pytest.mark.journey, pytest.mark.anyio]

IDENTITY_HEADERS = (
    "X-User-Sub",
    "X-User-Id",
    "X-User-Email",
    "X-User",
    "X-Sub",
    "X-Subject",
    "X-Forwarded-User",
    "X-Forwarded-Email",
    "X-Remote-User",
    "Remote-User",
    "X-Auth-Request-User",
    "X-Authenticated-User",
    "X-Dexter-Subject",
    "Mcp-Session-Id",
)
IDENTITY_ARGUMENTS = ("__sub", "__user", "sub", "subject", "user_id", "_principal", "principal")


async def test_without_a_token_nothing_else_lets_anybody_in(site: Site, people: People) -> None:
    owner = await people.new_account()
    subject, cookies = subject_of(owner), await cookies_of(owner)

    async with httpx2.AsyncClient(cookies=cookies) as client:
        signed_in = await client.get(f"{site.url}/account/")
        refused = await call_tool(client, site, "auth_info", headers=dict.fromkeys(IDENTITY_HEADERS, subject))

    assert signed_in.status_code == 200
    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"].startswith("Bearer resource_metadata=")
    assert subject not in refused.text


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_a_token_means_its_own_identity_whatever_stands_beside_it(
    site: Site, people: People, protocol: str
) -> None:
    owner, guest = await people.new_account(), await people.new()
    subject, cookies = subject_of(owner), await cookies_of(owner)
    headers = dict.fromkeys(IDENTITY_HEADERS, subject)
    headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
    if protocol == "2026-07-28":
        # This revision has no sessions, and its client refuses to send the header.
        del headers["Mcp-Session-Id"]
    assistant = Connector(site.mcp_url, browse=guest.continue_without_account, protocol=protocol, headers=headers)

    async with assistant.connected() as session:
        who = await session.call("auth_info")
        for argument in IDENTITY_ARGUMENTS:
            try:
                asked_as_another = await session.call("auth_info", **{argument: subject})
            except ToolFailed as refusal:
                assert "invalid_arguments" in str(refusal)  # noqa: PT017
            else:
                assert asked_as_another == who

    assert (who["is_guest"], who["is_linked"], who["account"]) == (True, False, None)
    assert who["subject"] not in (subject, None)


async def test_a_cookie_never_turns_a_refused_token_into_somebody(site: Site, people: People) -> None:
    owner = await people.new_account()

    async with httpx2.AsyncClient(cookies=await cookies_of(owner)) as client:
        for token in ("dxa_" + "A" * 43, subject_of(owner), "null"):
            refused = await call_tool(client, site, "auth_info", token=token)
            assert refused.status_code == 401
            assert 'error="invalid_token"' in refused.headers["WWW-Authenticate"]


def subject_of(person: Person) -> str:
    subject: str = person.site.database.value("SELECT subject FROM accounts_user WHERE email = %s", person.email)
    return subject


async def cookies_of(person: Person) -> dict[str, str]:
    return {cookie["name"]: cookie["value"] for cookie in await person.context.cookies(person.site.url)}
