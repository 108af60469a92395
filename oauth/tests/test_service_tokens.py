"""The client credentials grant, for services that staff trust and nobody else (RFC 6749 §4.4)."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import AuditEntry
from accounts.tests.builders import make_user
from oauth.audit import OAuthAction
from oauth.bearer import resolve_bearer_token
from oauth.errors import InvalidToken
from oauth.models import AccessToken, Client, RefreshToken, ServiceToken
from oauth.services import block_client, issue_service_token, resolve_service_token, sweep_oauth
from oauth.tests.builders import SECRET, make_client, make_confidential_client
from oauth.tokens import digest

pytestmark = pytest.mark.django_db


def make_service(**fields: Any) -> Client:
    """A client that staff made for looking up identities."""
    manual = Client.RegistrationSource.MANUAL
    defaults = {"registration_source": manual, "may_resolve_identities": True, "redirect_uris": ""}
    return make_confidential_client(**defaults | fields)


def ask(client_id: str, secret: str = SECRET, **fields: str) -> Any:
    """Ask for a token with HTTP Basic."""
    credentials = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
    body = {"grant_type": "client_credentials"} | fields
    query = "&".join(f"{name}={value}" for name, value in body.items())
    return Browser().post(
        "/mcp/token",
        query,
        content_type="application/x-www-form-urlencoded",
        headers={"Authorization": f"Basic {credentials}"},
    )


def test_a_service_gets_a_token_without_a_refresh_token() -> None:
    service = make_service()

    response = ask(service.client_id, scope="identity.read%20openid")

    answer = response.json()
    assert response.status_code == 200
    assert response["Cache-Control"] == "no-store"
    assert set(answer) == {"access_token", "token_type", "expires_in", "scope"}
    assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 3600)
    assert answer["scope"] == "identity.resolve"
    assert resolve_service_token(answer["access_token"]) == service
    row = ServiceToken.objects.get()
    assert row.token_checksum == digest(answer["access_token"])
    assert AuditEntry.objects.get(action=OAuthAction.SERVICE_TOKEN_ISSUED).client_id == service.client_id
    assert not AccessToken.objects.exists() and not RefreshToken.objects.exists()


def test_a_service_may_send_its_secret_in_the_body() -> None:
    fields = {"grant_type": "client_credentials", "client_id": make_service().client_id, "client_secret": SECRET}
    assert Browser().post("/mcp/token", fields, content_type="application/x-www-form-urlencoded").status_code == 400
    body = "&".join(f"{name}={value}" for name, value in fields.items())
    response = Browser().post("/mcp/token", body, content_type="application/x-www-form-urlencoded")
    assert response.status_code == 200


def test_the_token_of_a_service_is_no_principal() -> None:
    """It speaks for nobody: not at `/mcp`, not at userinfo, not for the person whose id it might be mistaken for."""
    token = issue_service_token(client=make_service(), address=None)
    with pytest.raises(InvalidToken):
        resolve_bearer_token(token, resource=settings.DEXTER_RESOURCE)
    assert Browser().get("/mcp/userinfo", headers={"Authorization": f"Bearer {token}"}).status_code == 401


def assert_refused(response: Any, error: str, status: int) -> None:
    """An error of the token endpoint; no token was made, and the refusal is audited."""
    assert (response.status_code, response.json()["error"]) == (status, error)
    assert not ServiceToken.objects.exists()
    assert AuditEntry.objects.filter(action=OAuthAction.TOKEN_REFUSED).exists()


@pytest.mark.parametrize(
    "fields",
    [
        {"may_resolve_identities": False},
        {"registration_source": Client.RegistrationSource.DCR},
    ],
)
def test_a_client_that_staff_did_not_make_for_it_is_refused(fields: dict[str, Any]) -> None:
    assert_refused(ask(make_service(**fields).client_id), "unauthorized_client", 400)


def test_a_wrong_secret_is_refused() -> None:
    response = ask(make_service().client_id, secret="dxs_wrong")
    assert_refused(response, "invalid_client", 401)
    assert response["WWW-Authenticate"].startswith("Basic ")


def test_a_public_client_is_refused_whatever_it_is_marked_as() -> None:
    public = make_client(may_resolve_identities=True, registration_source=Client.RegistrationSource.MANUAL)
    assert_refused(ask(public.client_id, secret=""), "invalid_client", 401)


def test_a_blocked_service_gets_no_token() -> None:
    assert_refused(ask(make_service(blocked_at=timezone.now()).client_id), "invalid_client", 401)


def test_tokens_die_with_the_right_and_with_the_client() -> None:
    service = make_service()
    token = issue_service_token(client=service, address=None)
    Client.objects.update(may_resolve_identities=False)
    with pytest.raises(InvalidToken, match="access token"):
        resolve_service_token(token)
    Client.objects.update(may_resolve_identities=True)
    assert resolve_service_token(token) == service
    block_client(client=service, actor=make_user("staff@example.com"), blocked=True)
    with pytest.raises(InvalidToken):
        resolve_service_token(token)


def test_staff_revoke_a_token_in_the_admin() -> None:
    token = issue_service_token(client=make_service(), address=None)
    staff = make_user("staff@example.com", is_staff=True, is_superuser=True)
    browser = Browser()
    browser.force_login(staff)
    changelist = browser.get("/admin/oauth/servicetoken/")
    assert token not in changelist.content.decode()
    assert digest(token) not in changelist.content.decode()

    selected = {"action": "revoke", "_selected_action": [ServiceToken.objects.get().pk]}
    assert browser.post("/admin/oauth/servicetoken/", selected).status_code == 302

    with pytest.raises(InvalidToken):
        resolve_service_token(token)
    assert AuditEntry.objects.get(action=OAuthAction.SERVICE_TOKEN_REVOKED).actor == staff


def test_tokens_expire_and_are_swept() -> None:
    token = issue_service_token(client=make_service(), address=None)
    ServiceToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    with pytest.raises(InvalidToken):
        resolve_service_token(token)
    assert sweep_oauth()["service_tokens"] == 1


def test_the_grant_is_not_advertised() -> None:
    document = Browser().get("/.well-known/oauth-authorization-server").json()
    assert "client_credentials" not in document["grant_types_supported"]
    assert "identity.resolve" not in document["scopes_supported"]
