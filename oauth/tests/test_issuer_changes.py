"""A site whose issuer changes: what it issued before speaks for identities that are no more (design §2)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import AuditEntry
from accounts.tests.builders import make_user
from oauth.models import Client, ConnectorSession
from oauth.services import block_client, sweep_oauth
from oauth.tests.builders import (
    SECRET,
    make_access_token,
    make_confidential_client,
    make_grant,
    make_refresh_token,
    make_session,
)
from oauth.tests.protocol import assert_json_error, basic, exchange_code, nothing_written, post_form, refresh

pytestmark = pytest.mark.django_db
REFUSED = "oauth.token.refused"
RESOURCE = "http://localhost:8000/mcp"


@pytest.fixture
def session(settings: Any) -> ConnectorSession:
    """A session from before the change."""
    session = make_session(scope="openid identity.read")
    settings.DEXTER_ISSUER = "https://new.example/mcp"
    return session


def test_a_refresh_token_of_the_old_issuer_is_refused(browser: Browser, session: ConnectorSession) -> None:
    """400 invalid_grant: the assistant signs in again, and keeps its registration."""
    _row, token = make_refresh_token(session)

    with nothing_written(REFUSED):
        response = refresh(browser, session.client, token)

    assert_json_error(response, "invalid_grant")


def test_a_code_of_the_old_issuer_is_refused(browser: Browser, session: ConnectorSession) -> None:
    _row, code = make_grant(session)

    with nothing_written(REFUSED):
        response = exchange_code(browser, session.client, code)

    assert_json_error(response, "invalid_grant")


def test_an_access_token_of_the_old_issuer_gets_no_claims(browser: Browser, session: ConnectorSession) -> None:
    _row, token = make_access_token(session)

    response = browser.get("/mcp/userinfo", headers={"Authorization": f"Bearer {token}"})

    assert_json_error(response, "invalid_token", 401)


def test_tokens_of_the_old_issuer_are_inactive(browser: Browser, session: ConnectorSession) -> None:
    server = make_confidential_client(served_resource=RESOURCE)
    tokens = make_access_token(session)[1], make_refresh_token(session)[1]

    for token in tokens:
        answer = post_form(browser, "/mcp/introspect", {"token": token}, headers=basic(server.client_id, SECRET))
        assert answer.json() == {"active": False}


def test_a_session_of_the_old_issuer_can_still_be_ended(browser: Browser, session: ConnectorSession) -> None:
    """The site may become again what it was, and its tokens with it."""
    _row, token = make_refresh_token(session)

    response = post_form(browser, "/mcp/revoke", {"token": token, "client_id": session.client.client_id})

    session.refresh_from_db()
    assert response.status_code == 200
    assert session.end_reason == ConnectorSession.EndReason.CLIENT
    assert AuditEntry.objects.get().action == "oauth.session.ended"


def test_what_is_live_is_the_same_for_a_row_and_for_a_query(session: ConnectorSession) -> None:
    now = timezone.now()
    make_session(ended_at=now, end_reason="user")
    make_session(expires_at=now)
    ours = make_session()

    live = [row for row in ConnectorSession.objects.all() if row.is_live(now)]

    assert live == list(ConnectorSession.objects.live(now)) == [ours]
    assert set(ConnectorSession.objects.unended(now)) == {session, ours}


@pytest.mark.django_db(transaction=True)
def test_nobody_is_told_of_a_block_that_ends_nothing_for_them(settings: Any, mailoutbox: list[Any]) -> None:
    """What the old issuer's connection could do, it cannot do since the change."""
    before = make_session(make_user("before@example.com"))
    settings.DEXTER_ISSUER = "https://new.example/mcp"
    make_session(make_user("after@example.com"), before.client)

    block_client(client=before.client, actor=make_user("staff@example.com", is_staff=True), blocked=True)

    assert [message.to for message in mailoutbox] == [["after@example.com"]]


def test_the_client_of_an_old_issuers_session_is_not_swept(session: ConnectorSession) -> None:
    """The site may become again what it was. Once nothing can act for the session it ends, and the client goes."""
    registered = Client.objects.filter(pk=session.client_id)
    registered.update(
        registration_source=Client.RegistrationSource.DCR, last_used_at=timezone.now() - timedelta(days=91)
    )
    row, _token = make_refresh_token(session)

    sweep_oauth()
    kept = registered.exists()
    type(row).objects.update(expires_at=timezone.now())
    sweep_oauth()

    assert kept
    assert not registered.exists()
