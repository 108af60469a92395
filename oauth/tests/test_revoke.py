"""Token revocation (RFC 7009)."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import AuditEntry
from oauth.bearer import resolve_bearer_token
from oauth.errors import InvalidToken
from oauth.models import Client, ConnectorSession
from oauth.tests.builders import (
    SECRET,
    make_access_token,
    make_client,
    make_confidential_client,
    make_refresh_token,
    make_session,
)
from oauth.tests.protocol import basic, nothing_written, post_form, refresh

pytestmark = pytest.mark.django_db

REFUSED = "oauth.revocation.refused"
RESOURCE = "http://localhost:8000/mcp"


def revoke(browser: Browser, client_id: str | None, token: str | None, headers: Any = None, **fields: str) -> Any:
    """Revoke a token."""
    return post_form(browser, "/mcp/revoke", {"token": token, "client_id": client_id, **fields}, headers=headers)


@pytest.fixture
def session() -> ConnectorSession:
    """A live session with tokens."""
    return make_session()


@pytest.mark.parametrize("kind", ["access", "refresh"])
@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "other", ""])
def test_revoking_either_token_ends_the_session(
    browser: Browser, session: ConnectorSession, kind: str, hint: str
) -> None:
    """RFC 7009 §2.1: the grant and every token of it; the hint is only a hint."""
    tokens = {"access": make_access_token(session)[1], "refresh": make_refresh_token(session)[1]}
    client = session.client

    response = revoke(browser, client.client_id, tokens[kind], token_type_hint=hint)

    session.refresh_from_db()
    assert response.status_code == 200
    assert response.json() == {}
    assert session.end_reason == ConnectorSession.EndReason.CLIENT
    with pytest.raises(InvalidToken):
        resolve_bearer_token(tokens["access"], resource=RESOURCE)
    assert refresh(browser, client, tokens["refresh"]).json()["error"] == "invalid_grant"
    entry = AuditEntry.objects.get(action="oauth.session.ended")
    assert (entry.session_id, entry.client_id, entry.reason) == (session.pk, client.client_id, "client")


def test_a_token_that_was_rotated_ends_the_session_too(browser: Browser) -> None:
    row, first = make_refresh_token()
    refresh(browser, row.application, first)

    revoke(browser, row.application.client_id, first)

    assert ConnectorSession.objects.get().ended_at is not None


def test_other_sessions_of_the_same_person_and_client_go_on(browser: Browser, session: ConnectorSession) -> None:
    _, token = make_access_token(session)
    _, other = make_access_token(make_session(session.user, session.client))

    revoke(browser, session.client.client_id, token)

    assert resolve_bearer_token(other, resource=RESOURCE)


@pytest.mark.parametrize("token", ["dxa_unknown", "dxr_unknown", "x" * 5000, "ä"])
def test_an_unknown_token_is_a_success(browser: Browser, session: ConnectorSession, token: str) -> None:
    """RFC 7009 §2.2: what the caller wanted is so already."""
    with nothing_written():
        response = revoke(browser, session.client.client_id, token)

    assert response.status_code == 200


def test_a_token_revoked_twice_is_a_success_and_changes_nothing(browser: Browser, session: ConnectorSession) -> None:
    _, token = make_access_token(session)
    revoke(browser, session.client.client_id, token)

    with nothing_written():
        response = revoke(browser, session.client.client_id, token)

    assert response.status_code == 200


def test_another_clients_token_is_left_alone_and_looks_unknown(browser: Browser, session: ConnectorSession) -> None:
    """RFC 7009 §2.1."""
    _, access = make_access_token(session)
    _, refresh_token = make_refresh_token(session)
    stranger = make_client()

    with nothing_written():
        responses = [revoke(browser, stranger.client_id, token) for token in (access, refresh_token)]

    assert [response.status_code for response in responses] == [200, 200]
    assert resolve_bearer_token(access, resource=RESOURCE)


def test_a_confidential_client_must_prove_itself(browser: Browser) -> None:
    client = make_confidential_client()
    _, token = make_access_token(make_session(client=client))

    with nothing_written(REFUSED, REFUSED, REFUSED):
        refused = [
            revoke(browser, client.client_id, token),
            revoke(browser, client.client_id, token, client_secret="wrong"),
            revoke(browser, None, token, headers=basic(client.client_id, "wrong")),
        ]
    accepted = revoke(browser, None, token, headers=basic(client.client_id, SECRET))

    assert [(response.status_code, response.json()["error"]) for response in refused] == [(401, "invalid_client")] * 3
    assert refused[2]["WWW-Authenticate"].startswith("Basic ")
    assert accepted.status_code == 200
    assert ConnectorSession.objects.get().ended_at is not None


@pytest.mark.parametrize("client_id", [None, "", "dxc_unknown"])
def test_an_unknown_client_is_401_invalid_client(
    browser: Browser, session: ConnectorSession, client_id: str | None
) -> None:
    _, token = make_access_token(session)

    with nothing_written(REFUSED):
        response = revoke(browser, client_id, token)

    assert (response.status_code, response.json()["error"]) == (401, "invalid_client")


def test_a_blocked_client_is_401_invalid_client(browser: Browser, session: ConnectorSession) -> None:
    _, token = make_access_token(session)
    Client.objects.update(blocked_at=timezone.now())

    with nothing_written(REFUSED):
        response = revoke(browser, session.client.client_id, token)

    assert (response.status_code, response.json()["error"]) == (401, "invalid_client")


@pytest.mark.parametrize("token", [None, "", "a\x00b"])
def test_a_missing_or_broken_token_is_refused(browser: Browser, session: ConnectorSession, token: str | None) -> None:
    with nothing_written(REFUSED):
        response = revoke(browser, session.client.client_id, token)

    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


def test_a_repeated_parameter_json_and_the_url_are_refused(browser: Browser, session: ConnectorSession) -> None:
    _, token = make_access_token(session)
    client_id = session.client.client_id

    with nothing_written(REFUSED, REFUSED, REFUSED):
        responses = [
            post_form(browser, "/mcp/revoke", [("client_id", client_id), ("token", token), ("token", "x")]),
            browser.post("/mcp/revoke", {"token": token, "client_id": client_id}, content_type="application/json"),
            post_form(browser, f"/mcp/revoke?token={token}", {"client_id": client_id}),
        ]

    assert [(response.status_code, response.json()["error"]) for response in responses] == [
        (400, "invalid_request")
    ] * 3


def test_a_database_that_is_away_is_503(browser: Browser, session: ConnectorSession) -> None:
    def broken(*args: Any) -> None:
        raise OperationalError("server closed the connection unexpectedly")

    _, token = make_access_token(session)

    with connection.execute_wrapper(broken):
        response = revoke(browser, session.client.client_id, token)

    assert (response.status_code, response.json()["error"]) == (503, "temporarily_unavailable")
    assert int(response["Retry-After"]) > 0


def test_only_post_is_answered_and_in_json(browser: Browser) -> None:
    response = browser.get("/mcp/revoke")

    assert response.status_code == 405
    assert response["Content-Type"] == "application/json"
