"""`/api/identity/resolve`: for services with a token of their own, and nobody else (design §5)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.conf import settings
from django.test import Client as Browser

from accounts.models import AuditEntry, User
from accounts.tests.builders import make_guest, make_user
from linking.audit import LinkingAction
from linking.tests.builders import make_link
from linking.tests.calling import assert_problem
from oauth.services import issue_service_token
from oauth.tests.builders import make_access_token, make_session
from oauth.tests.test_service_tokens import make_service

pytestmark = pytest.mark.django_db


def resolve(token: str, subject: str, *, issuer: str | None = None, browser: Browser | None = None) -> Any:
    """Ask which account an identity acts for."""
    body = {"issuer": settings.DEXTER_ISSUER if issuer is None else issuer, "subject": subject}
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return (browser or Browser()).post(
        "/api/identity/resolve", json.dumps(body), content_type="application/json", headers=headers
    )


@pytest.fixture
def token() -> str:
    """The token of a service."""
    return issue_service_token(client=make_service(), address=None)


def test_an_account_is_its_own_identity(token: str) -> None:
    account = make_user(display_name="Ada")
    response = resolve(token, account.subject)
    assert response.status_code == 200
    assert response.json() == {"is_linked": True, "account_id": account.subject, "display_name": "Ada"}
    audited = AuditEntry.objects.get(action=LinkingAction.IDENTITY_RESOLVED)
    assert audited.account == account


def test_a_linked_guest_acts_for_the_account(token: str) -> None:
    account, guest = make_user(), make_guest()
    make_link(account, make_session(guest))
    assert resolve(token, guest.subject).json() == {"is_linked": True, "account_id": account.subject}


@pytest.mark.parametrize("who", ["guest", "unknown", "inactive", "inactive account", "foreign issuer"])
def test_who_acts_for_nobody_and_who_does_not_exist_look_the_same(token: str, who: str) -> None:
    account, guest = make_user(), make_guest()
    subject, issuer = account.subject, None
    match who:
        case "guest":
            subject = guest.subject
        case "unknown":
            subject = "user:nobody\u00e4"
        case "inactive":
            User.objects.filter(pk=account.pk).update(is_active=False)
        case "inactive account":
            make_link(account, make_session(guest))
            User.objects.filter(pk=account.pk).update(is_active=False)
            subject = guest.subject
        case "foreign issuer":
            issuer = "https://elsewhere.example/mcp"
    assert resolve(token, subject, issuer=issuer).json() == {"is_linked": False}
    assert AuditEntry.objects.get(action=LinkingAction.IDENTITY_RESOLVED).reason == "acts_for_nobody"


def test_neither_an_assistant_nor_a_person_may_ask() -> None:
    account = make_user()
    _, access_token = make_access_token(make_session(account))
    browser = Browser()
    browser.force_login(account)

    assert_problem(resolve(access_token, account.subject), 401, "invalid_token")
    assert_problem(resolve("", account.subject, browser=browser), 401, "unauthenticated")

    assert not AuditEntry.objects.filter(action=LinkingAction.IDENTITY_RESOLVED).exists()


@pytest.mark.parametrize("path", ["/api/link/status", "/api/connections", "/mcp/userinfo"])
def test_the_token_of_a_service_opens_nothing_else(token: str, path: str) -> None:
    response = Browser().get(path, headers={"Authorization": f"Bearer {token}"})
    assert response.status_code == 401


def test_what_is_asked_is_checked(token: str) -> None:
    assert_problem(resolve(token, ""), 400, "invalid_request")
    assert_problem(resolve(token, "a\x00b"), 400, "invalid_request")
    assert_problem(resolve(token, "x" * 256), 400, "invalid_request")
