"""Revocation of the tokens of services (RFC 7009 §2.1)."""

from __future__ import annotations

import pytest
from django.test import Client as Browser

from accounts.models import AuditEntry
from oauth.audit import OAuthAction
from oauth.errors import InvalidToken
from oauth.models import ServiceToken
from oauth.services import issue_service_token, resolve_service_token
from oauth.tests.builders import SECRET, make_client
from oauth.tests.protocol import post_form
from oauth.tests.test_service_tokens import make_service

pytestmark = pytest.mark.django_db

REVOKED = OAuthAction.SERVICE_TOKEN_REVOKED


@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "other"])
def test_a_revoked_token_of_a_service_acts_no_more(browser: Browser, hint: str) -> None:
    service = make_service()
    token, other = (issue_service_token(client=service, address=None) for _ in range(2))
    fields = {"token": token, "token_type_hint": hint, "client_id": service.client_id, "client_secret": SECRET}

    answers = [post_form(browser, "/mcp/revoke", fields) for _ in range(2)]

    assert [(answer.status_code, answer.json()) for answer in answers] == [(200, {})] * 2
    with pytest.raises(InvalidToken):
        resolve_service_token(token)
    assert resolve_service_token(other) == service
    assert AuditEntry.objects.get(action=REVOKED).client_id == service.client_id


def test_another_client_revokes_nothing(browser: Browser) -> None:
    """Whether the token exists is not told either: the answer is that to an unknown one (§2.2)."""
    token = issue_service_token(client=make_service(), address=None)
    another = make_service(client_id="another-service")

    for fields in (
        {"client_id": another.client_id, "client_secret": SECRET},
        {"client_id": make_client(client_id="public").client_id},
    ):
        assert post_form(browser, "/mcp/revoke", {"token": token, **fields}).status_code == 200

    assert resolve_service_token(token) == ServiceToken.objects.get().client
    assert not AuditEntry.objects.filter(action=REVOKED).exists()


@pytest.mark.parametrize("secret", [None, "dxs_wrong"])
def test_the_service_has_to_prove_itself(browser: Browser, secret: str | None) -> None:
    service = make_service()
    token = issue_service_token(client=service, address=None)

    response = post_form(
        browser, "/mcp/revoke", {"token": token, "client_id": service.client_id, "client_secret": secret}
    )

    assert (response.status_code, response.json()["error"]) == (401, "invalid_client")
    assert resolve_service_token(token) == service
