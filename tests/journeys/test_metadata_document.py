"""An assistant that is described by a document at its client ID connects without registering (connectors, rule 3).

Two processes share the work, and the document is served by a stand-in for its host.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from oauth.tests.stand_ins import Host, json_answer, trusted_authority
from tests.journeys.conftest import People
from tests.journeys.connector import PROTOCOLS, AuthorizationRefused, Connector
from tests.journeys.databases import Database
from tests.journeys.server import Site, open_site

pytestmark = [pytest.mark.journey, pytest.mark.anyio]

HOST = "assistant.example.com"
URL = f"https://{HOST}/client.json"
DOCUMENT: dict[str, Any] = {
    "client_id": URL,
    "client_name": "Described assistant",
    "redirect_uris": ["http://127.0.0.1/callback"],
    "grant_types": ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
    "token_endpoint_auth_method": "none",
}


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    """The host of the assistant's makers."""
    host = Host(HOST, trusted_authority())
    yield host
    host.stop()


@pytest.fixture(scope="module")
async def site(host: Host, database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """A site of two processes that can reach that host."""
    internet = json.dumps({"hosts": {HOST: host.port}, "authority": trusted_authority().pem})
    async with open_site(
        database,
        tmp_path_factory.mktemp("logs"),
        processes=2,
        application="tests.journeys.stand_in_site:application",
        settings={"STAND_INS": internet},
    ) as site:
        yield site


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_a_described_assistant_connects_and_refreshes_without_registering(
    site: Site, people: People, host: Host, protocol: str
) -> None:
    host.answers["/client.json"] = json_answer(DOCUMENT, Cache_Control="max-age=3600")
    person = await people.new_account()
    assistant = Connector(site.mcp_url, browse=person.allow, protocol=protocol, metadata_url=URL)

    async with assistant.connected() as session:
        who = await session.call("auth_info")
        session.provider.context.token_expiry_time = 1.0
        after_refresh = await session.call("auth_info")

    assert assistant.requests_to("/mcp/register") == []
    assert assistant.client_id == URL
    assert who["is_linked"] is True
    assert after_refresh["account"] == who["account"]
    assert [exchange.form()["grant_type"] for exchange in assistant.requests_to("/mcp/token")] == [
        *("authorization_code", "refresh_token")
    ]
    # Whichever process fetched it, the other one knows it.
    assert host.asked_for("/client.json") == 1


async def test_the_page_names_the_host_and_a_missing_document_gets_a_page(
    site: Site, people: People, host: Host
) -> None:
    host.answers["/client.json"] = json_answer(DOCUMENT)
    person = await people.new()

    async def look_and_deny(authorization_url: str) -> None:
        await person.open(authorization_url)
        await person.sees("Described assistant")
        await person.sees(HOST)
        await person.press("Deny")

    with pytest.raises(AuthorizationRefused):
        async with Connector(site.mcp_url, browse=look_and_deny, metadata_url=URL).connected():
            raise AssertionError("Nobody allowed it.")

    person.expected_statuses.add(400)

    async def see_what_is_wrong(authorization_url: str) -> None:
        await person.open(re.sub("client.json", "missing.json", authorization_url))
        await person.sees("What to do")
        raise ConnectionAbortedError

    with pytest.raises(ConnectionAbortedError):
        async with Connector(site.mcp_url, browse=see_what_is_wrong, metadata_url=URL).connected():
            raise AssertionError("Nobody allowed it.")
