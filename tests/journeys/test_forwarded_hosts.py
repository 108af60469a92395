"""What a document says comes from the settings: no header of a request, or of a proxy, moves an address in it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2
import pytest

from tests.journeys.conftest import People
from tests.journeys.connector import Connector
from tests.journeys.databases import Database
from tests.journeys.handshake import call_tool
from tests.journeys.server import Site, open_site

pytestmark = [pytest.mark.journey, pytest.mark.anyio]

EVIL = "evil.example"
SPOOFED = {
    "X-Forwarded-Host": EVIL,
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Port": "444",
    "X-Forwarded-Server": EVIL,
    "X-Forwarded-Prefix": "/evil",
    "X-Forwarded-For": "203.0.113.7",
    "X-Original-Host": EVIL,
    "X-Original-URL": "/evil",
    "X-Host": EVIL,
    "Forwarded": f"for=203.0.113.7;host={EVIL};proto=https",
}
DOCUMENTS = [
    path
    for name in ("oauth-protected-resource", "oauth-authorization-server", "openid-configuration")
    for path in (f"/.well-known/{name}", f"/.well-known/{name}/mcp", f"/mcp/.well-known/{name}")
]


@pytest.fixture(scope="module")
async def site(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """A site that answers under another host as well, so that it is not Django's ALLOWED_HOSTS that is tested."""
    async with open_site(database, tmp_path_factory.mktemp("logs"), settings={"DEXTER_ALLOWED_HOSTS": EVIL}) as site:
        yield site


@pytest.mark.parametrize("path", [*DOCUMENTS, "/mcp/jwks.json"])
async def test_a_document_is_the_same_whatever_a_proxy_says(site: Site, path: str) -> None:
    async with httpx2.AsyncClient() as client:
        honest = await client.get(site.url + path)
        spoofed = await client.get(site.url + path, headers=SPOOFED)

    assert honest.status_code == spoofed.status_code == 200
    assert spoofed.content == honest.content
    assert EVIL not in spoofed.text
    assert "location" not in spoofed.headers


@pytest.mark.parametrize("path", DOCUMENTS)
async def test_a_document_asked_for_under_another_host_is_the_same(site: Site, path: str) -> None:
    async with httpx2.AsyncClient() as client:
        honest = await client.get(site.url + path)
        spoofed = await client.get(site.url + path, headers={"Host": EVIL})

    assert spoofed.status_code == 200
    assert spoofed.content == honest.content


@pytest.mark.parametrize("headers", [SPOOFED, {"Host": EVIL}], ids=["forwarded", "host"])
async def test_the_challenge_names_our_own_document(site: Site, headers: dict[str, str]) -> None:
    async with httpx2.AsyncClient() as client:
        refused = await call_tool(client, site, "auth_info", headers=headers)

    assert f'resource_metadata="{site.url}/.well-known/' in refused.headers["WWW-Authenticate"]
    assert EVIL not in str(refused.headers) + refused.text


@pytest.mark.parametrize("headers", [SPOOFED, {"Host": EVIL}], ids=["forwarded", "host"])
@pytest.mark.parametrize("path", ["/link", "/account/", "/account/login/", "/mcp/authorize", "/", "/mcp"])
async def test_a_page_neither_names_nor_redirects_to_another_host(
    site: Site, path: str, headers: dict[str, str]
) -> None:
    async with httpx2.AsyncClient() as client:
        answer = await client.get(site.url + path, headers={**headers, "Accept": "text/html"})

    assert EVIL not in answer.text + answer.headers.get("location", "")


async def test_the_link_url_of_a_code_and_the_issuer_are_our_own(site: Site, people: People) -> None:
    guest = await people.new()
    assistant = Connector(site.mcp_url, browse=guest.continue_without_account, headers=SPOOFED)

    async with assistant.connected() as session:
        who = await session.call("auth_info")
        minted = await session.call("generate_dexter_linking_code")

    assert who["issuer"] == assistant.answers[0]["iss"] == f"{site.url}/mcp"
    assert minted["link_url"] == f"{site.url}/link"
    assert EVIL not in minted["instructions"]
