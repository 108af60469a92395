"""`oauth4webapi`, which checks every answer of an authorization server as strictly as the specifications allow.

Discovery (RFC 9728, RFC 8414, OpenID Connect Discovery), registration (RFC 7591), the code grant with PKCE, `state` and
`iss` (RFC 6749, 7636, 9207), ID tokens with nonce and signature, userinfo (OpenID Connect Core), refresh and revocation
(RFC 7009). We offer no pushed authorization requests (RFC 9126), so there are none. In an `Authorization` header it
encodes a client's id and secret as forms do (RFC 6749 §2.3.1).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.clients.answers import (
    TOOLS,
    assert_same_connection,
    assert_speaks_for_account,
    assert_speaks_for_guest,
)
from tests.clients.desktop import open_desktop
from tests.clients.program import ClientFailed, node_driver
from tests.journeys.conftest import People
from tests.journeys.server import Site

pytestmark = [pytest.mark.once, pytest.mark.journey, pytest.mark.anyio]

AUTH_METHODS = ["none", "client_secret_basic", "client_secret_post"]


@pytest.fixture(scope="module")
def site(shared_site: Site) -> Site:
    """A site whose access tokens live long: this library refreshes when it is told to, and not by itself."""
    return shared_site


@pytest.mark.parametrize("algorithm", ["oauth2", "oidc"])
async def test_both_kinds_of_discovery_start_at_the_challenge_and_agree(
    site: Site, people: People, tmp_path: Path, algorithm: str
) -> None:
    async with (
        open_desktop(tmp_path, await people.new(), button="Allow") as desktop,
        node_driver(desktop, "oauth4webapi.mjs", site.mcp_url) as client,
    ):
        found = await client.ask("discover", algorithm=algorithm)

    assert (found["challenges"], found["error"]) == (1, "invalid_token")
    assert found["described"] == found["derived"]
    assert found["server"]["issuer"] == site.mcp_url
    assert "pushed_authorization_request_endpoint" not in found["server"]


@pytest.mark.parametrize("auth_method", AUTH_METHODS)
async def test_a_signed_in_person_from_the_id_token_to_the_end_of_the_connection(
    site: Site, people: People, tmp_path: Path, auth_method: str
) -> None:
    person = await people.new_account()

    async with (
        open_desktop(tmp_path, person, button="Allow") as desktop,
        node_driver(desktop, "oauth4webapi.mjs", site.mcp_url) as client,
    ):
        await client.ask("discover", algorithm="oidc")
        registered = await client.ask("register", authMethod=auth_method)
        signed_in = await client.ask("signIn", scope="openid email identity.read link.write offline_access")
        userinfo = await client.ask("userinfo")
        tools = await client.ask("tools")
        before = await client.call("auth_info")
        refreshed = await client.ask("refresh")
        after = await client.call("auth_info")
        await client.ask("revoke", which="refresh_token")
        with pytest.raises(ClientFailed) as refused:
            await client.call("auth_info")

    assert ("client_secret" in registered) == (auth_method != "none")
    assert set(TOOLS) <= set(tools)
    assert_speaks_for_account(before, person)
    assert signed_in["claims"]["sub"] == userinfo["sub"] == before["subject"]
    assert signed_in["claims"]["aud"] == registered["client_id"]
    assert userinfo["email"] == person.email
    assert_same_connection(after, before)
    assert refreshed["tokens"]["refresh_token"] != signed_in["tokens"]["refresh_token"]
    assert refreshed["claims"] is None or refreshed["claims"]["sub"] == before["subject"]
    assert "error: 'invalid_token'" in str(refused.value)
    assert len(desktop.opened) == 1


async def test_a_guest_without_openid_has_an_identity_and_no_id_token(
    site: Site, people: People, tmp_path: Path
) -> None:
    guest = await people.new()

    async with (
        open_desktop(tmp_path, guest, button="Continue without an account") as desktop,
        node_driver(desktop, "oauth4webapi.mjs", site.mcp_url) as client,
    ):
        await client.ask("discover", algorithm="oauth2")
        await client.ask("register", authMethod="none")
        signed_in = await client.ask("signIn", scope="identity.read")
        who = await client.call("auth_info")

    assert_speaks_for_guest(who, site)
    assert signed_in["claims"] is None
    assert who["scopes"] == ["identity.read"]


async def test_a_refusal_comes_back_with_the_issuer(site: Site, people: People, tmp_path: Path) -> None:
    person = await people.new_account()

    async with (
        open_desktop(tmp_path, person, button="Deny") as desktop,
        node_driver(desktop, "oauth4webapi.mjs", site.mcp_url) as client,
    ):
        await client.ask("discover", algorithm="oauth2")
        registered = await client.ask("register", authMethod="none")
        # The library looks at `state` and `iss` first, and only then at the error.
        with pytest.raises(ClientFailed, match="error: 'access_denied'"):
            await client.ask("signIn", scope="identity.read")

    query = (
        "SELECT count(*) FROM oauth_connectorsession s JOIN oauth_client c ON c.id = s.client_id WHERE c.client_id = %s"
    )
    assert site.database.value(query, registered["client_id"]) == 0
