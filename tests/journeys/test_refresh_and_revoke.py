"""How a connection goes on by itself (RFC 6749 §6), and how a person ends it (RFC 6750 §3, RFC 9728 §5.1)."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from urllib.request import parse_http_list, parse_keqv_list

import anyio
import httpx2
import pytest

from tests.journeys.conftest import People
from tests.journeys.connector import PROTOCOLS, Connector
from tests.journeys.databases import Database
from tests.journeys.handshake import call_tool
from tests.journeys.server import Site, open_site

pytestmark = [pytest.mark.journey, pytest.mark.anyio]

# The shortest life that the settings allow.
ACCESS_TOKEN_SECONDS = 5


@pytest.fixture(scope="module")
async def site(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """A site whose access tokens expire soon."""
    settings = {"DEXTER_ACCESS_TOKEN_SECONDS": str(ACCESS_TOKEN_SECONDS)}
    async with open_site(database, tmp_path_factory.mktemp("logs"), settings=settings) as site:
        yield site


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_after_expiry_the_assistant_refreshes_and_nobody_notices(
    site: Site, people: People, protocol: str
) -> None:
    guest = await people.new()
    assistant = Connector(site.mcp_url, browse=guest.continue_without_account, protocol=protocol)

    async with assistant.connected() as session, httpx2.AsyncClient() as client:
        before = await session.call("auth_info")
        first_token = assistant.access_token
        expires_at = session.provider.context.token_expiry_time
        assert expires_at is not None
        await anyio.sleep(max(0.0, expires_at - time.time()) + 0.1)
        expired = await call_tool(client, site, "auth_info", token=first_token)
        after = await session.call("auth_info")

    assert expired.status_code == 401
    assert assistant.access_token != first_token
    assert len(assistant.authorization_urls) == 1
    grants = [exchange.form()["grant_type"] for exchange in assistant.requests_to("/mcp/token")]
    # A slow machine may need the second refresh for what a fast one does with the first.
    assert grants[0] == "authorization_code"
    assert set(grants[1:]) == {"refresh_token"}
    assert (after["session_id"], after["subject"]) == (before["session_id"], before["subject"])
    assert after["expires_at"] > before["expires_at"]


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_the_call_after_a_connection_was_ended_gets_401_with_a_complete_challenge(
    site: Site, people: People, protocol: str
) -> None:
    person = await people.new_account()
    assistant = Connector(site.mcp_url, browse=person.allow, protocol=protocol)
    async with assistant.connected() as session:
        await session.call("auth_info")
    await person.open("/account/")
    await person.press("End connection")
    await person.sees("No assistant")

    async with httpx2.AsyncClient() as client:
        refused = await call_tool(client, site, "auth_info", token=assistant.access_token)
        refreshed = await client.post(
            f"{site.url}/mcp/token",
            data={
                "grant_type": "refresh_token",
                "refresh_token": assistant.memory.tokens[-1].refresh_token,
                "client_id": assistant.client_id,
            },
        )

    scheme, _, challenge = refused.headers["WWW-Authenticate"].partition(" ")
    parameters = parse_keqv_list(parse_http_list(challenge))
    assert refused.status_code == 401
    assert scheme == "Bearer"
    assert parameters["error"] == "invalid_token"
    assert parameters["resource_metadata"] == f"{site.url}/.well-known/oauth-protected-resource/mcp"
    assert parameters["scope"] == "identity.read link.write"
    assert (refreshed.status_code, refreshed.json()["error"]) == (400, "invalid_grant")
    assert (
        site.database.value("SELECT end_reason FROM oauth_connectorsession ORDER BY created_at DESC LIMIT 1") == "user"
    )


async def test_an_assistant_whose_connection_was_ended_asks_the_person_again(site: Site, people: People) -> None:
    person = await people.new_account()
    assistant = Connector(site.mcp_url, browse=person.allow)
    async with assistant.connected() as session:
        first = await session.call("auth_info")
        await person.open("/account/")
        await person.press("End connection")
        await person.sees("No assistant")
        second = await session.call("auth_info")

    assert second["subject"] == first["subject"]
    assert second["session_id"] != first["session_id"]
    assert len(assistant.authorization_urls) == 2
