"""Refreshes that are refused (RFC 6749 §5.2, §6).

400 `invalid_grant` makes connectors sign in again; 401 `invalid_client` would make them register again.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import User
from oauth.models import Client, ConnectorSession, RefreshToken
from oauth.tests.builders import make_client
from oauth.tests.protocol import assert_json_error, nothing_written, refresh
from oauth.tokens import digest

pytestmark = pytest.mark.django_db
REFUSED = "oauth.token.refused"
PassTime = Callable[[timedelta], None]


@pytest.mark.parametrize("token", ["dxr_unknown", "x", "ä", "x" * 5000])
def test_an_unknown_token_is_refused(browser: Browser, client: Client, token: str) -> None:
    with nothing_written(REFUSED):
        response = refresh(browser, client, token)

    assert_json_error(response, "invalid_grant")


@pytest.mark.parametrize("token", [None, ""])
def test_a_missing_token_is_refused(browser: Browser, client: Client, token: Any) -> None:
    with nothing_written(REFUSED):
        response = refresh(browser, client, token)

    assert_json_error(response, "invalid_request")


def test_the_digest_of_a_token_is_no_token(browser: Browser, client: Client, first: str) -> None:
    with nothing_written(REFUSED):
        response = refresh(browser, client, digest(first))

    assert_json_error(response, "invalid_grant")


def test_another_client_can_neither_use_a_token_nor_end_its_session(
    browser: Browser, client: Client, first: str
) -> None:
    second = refresh(browser, client, first).json()["refresh_token"]
    refresh(browser, client, second)
    stranger = make_client()

    with nothing_written(REFUSED, REFUSED):
        stolen, replayed = refresh(browser, stranger, second), refresh(browser, stranger, first)

    assert_json_error(stolen, "invalid_grant")
    assert_json_error(replayed, "invalid_grant")


def test_an_expired_token_is_refused(browser: Browser, client: Client, first: str, pass_time: PassTime) -> None:
    pass_time(timedelta(days=60))

    with nothing_written(REFUSED):
        response = refresh(browser, client, first)

    assert_json_error(response, "invalid_grant")


def test_a_revoked_token_is_refused(browser: Browser, client: Client, first: str) -> None:
    RefreshToken.objects.update(revoked=timezone.now())

    with nothing_written(REFUSED):
        response = refresh(browser, client, first)

    assert_json_error(response, "invalid_grant")


def test_a_token_of_an_ended_session_is_refused(browser: Browser, client: Client, first: str) -> None:
    ConnectorSession.objects.update(ended_at=timezone.now(), end_reason=ConnectorSession.EndReason.USER)

    with nothing_written(REFUSED):
        response = refresh(browser, client, first)

    assert_json_error(response, "invalid_grant")


def test_a_token_of_an_inactive_person_is_refused(browser: Browser, client: Client, first: str) -> None:
    User.objects.update(is_active=False)

    with nothing_written(REFUSED):
        response = refresh(browser, client, first)

    assert_json_error(response, "invalid_grant")


@pytest.mark.parametrize("gone", ["blocked", "swept"])
def test_a_client_that_is_gone_is_401_invalid_client(browser: Browser, client: Client, first: str, gone: str) -> None:
    client_id = client.client_id
    if gone == "blocked":
        Client.objects.update(blocked_at=timezone.now())
    else:
        client.delete()

    with nothing_written(REFUSED):
        response = refresh(browser, Client(client_id=client_id), first)

    assert_json_error(response, "invalid_client", 401)


@pytest.mark.parametrize("resource", ["https://other.example/mcp", "http://localhost:8000/other"])
def test_another_resource_is_refused(browser: Browser, client: Client, first: str, resource: str) -> None:
    with nothing_written(REFUSED):
        response = refresh(browser, client, first, resource=resource)

    assert_json_error(response, "invalid_target")


def test_a_client_that_lost_the_grant_type_gets_no_successor(browser: Browser, client: Client, first: str) -> None:
    Client.objects.update(grant_types=["authorization_code"])

    response = refresh(browser, client, first)

    assert "refresh_token" not in response.json()
    assert RefreshToken.objects.count() == 1
