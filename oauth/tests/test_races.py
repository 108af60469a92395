"""The same code or refresh token many times at once (RFC 6749 §4.1.2, RFC 9700 §4.14.2; design §6)."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction
from django.test import Client as Browser
from oauthlib.common import Request

from accounts.models import AuditEntry
from oauth.bearer import resolve_bearer_token
from oauth.errors import CodeReplayed, InvalidToken
from oauth.models import AccessToken, ConnectorSession, Grant, RefreshToken
from oauth.services import end_session
from oauth.tests.builders import (
    CODE_VERIFIER,
    REDIRECT_URI,
    make_access_token,
    make_grant,
    make_refresh_token,
    make_session,
)
from oauth.tests.processes import COUNT, post_at_once
from oauth.tests.protocol import exchange_code, refresh
from oauth.tests.threads import at_once
from oauth.tokens import generate_access_token
from oauth.validator import DexterValidator

RESOURCE = "http://localhost:8000/mcp"


def assert_one_code_was_traded_once(answers: list[tuple[int, dict[str, Any]]]) -> None:
    """One gets tokens, everybody else `invalid_grant`; and since a code came twice, those tokens are dead."""
    granted = [answer for status, answer in answers if status == 200]
    refused = [(status, answer["error"]) for status, answer in answers if status != 200]
    assert len(granted) == 1
    assert refused == [(400, "invalid_grant")] * (len(answers) - 1)
    assert AccessToken.objects.count() == RefreshToken.objects.count() == 1
    assert ConnectorSession.objects.get().end_reason == ConnectorSession.EndReason.CODE_REPLAYED
    assert AuditEntry.objects.filter(action="oauth.session.connected").count() == 1
    assert AuditEntry.objects.filter(action="oauth.session.ended").count() == 1
    with pytest.raises(InvalidToken):
        resolve_bearer_token(granted[0]["access_token"], resource=RESOURCE)


def assert_one_chain_goes_on(answers: list[tuple[int, dict[str, Any]]]) -> None:
    """Everybody gets an access token that acts, and the same refresh token."""
    assert [status for status, _ in answers] == [200] * len(answers)
    assert len({answer["refresh_token"] for _, answer in answers}) == 1
    assert len({answer["access_token"] for _, answer in answers}) == len(answers)
    assert RefreshToken.objects.count() == 2
    assert ConnectorSession.objects.get().ended_at is None
    for _, answer in answers:
        assert resolve_bearer_token(answer["access_token"], resource=RESOURCE)


# --- Two copies of one row --------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_of_two_requests_that_both_read_an_unused_code_one_is_a_replay() -> None:
    """Without row locks (SQLite has none) the conditional UPDATE decides."""
    grant, _ = make_grant()

    def request_with_a_copy() -> Request:
        request = Request("http://localhost/mcp/token", "POST", [("grant_type", "authorization_code")], {})
        request.grant_row = Grant.objects.select_related("session__client", "session__user").get(pk=grant.pk)
        request.connector_session = request.grant_row.session
        request.client, request.user = request.connector_session.client, request.connector_session.user
        return request

    def token() -> dict[str, Any]:
        return {"access_token": generate_access_token(None), "expires_in": 3600, "scope": "identity.read"}

    first, second = request_with_a_copy(), request_with_a_copy()
    DexterValidator().save_bearer_token(token(), first)

    with pytest.raises(CodeReplayed), transaction.atomic():
        DexterValidator().save_bearer_token(token(), second)

    assert AccessToken.objects.count() == 1


# --- Threads ----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_many_threads_trade_one_code_once() -> None:
    grant, code = make_grant()
    client = grant.application

    responses = at_once(lambda: exchange_code(Browser(), client, code))

    assert_one_code_was_traded_once([(response.status_code, response.json()) for response in responses])


@pytest.mark.django_db(transaction=True)
def test_many_threads_that_refresh_at_once_go_on_in_one_chain() -> None:
    row, token = make_refresh_token()
    client = row.application

    responses = at_once(lambda: refresh(Browser(), client, token))

    assert_one_chain_goes_on([(response.status_code, response.json()) for response in responses])


@pytest.mark.django_db(transaction=True)
def test_many_threads_end_a_session_once() -> None:
    session = make_session()
    _, token = make_access_token(session)

    ended = at_once(
        lambda: end_session(
            session=ConnectorSession.objects.select_related("user", "client").get(pk=session.pk),
            reason=ConnectorSession.EndReason.USER,
        ),
        count=8,
    )

    assert sorted(ended) == [False] * 7 + [True]
    assert AuditEntry.objects.count() == 1
    with pytest.raises(InvalidToken):
        resolve_bearer_token(token, resource=RESOURCE)


# --- Processes --------------------------------------------------------------------------------------------------------


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_several_processes_trade_one_code_once() -> None:
    grant, code = make_grant()

    answers = post_at_once(
        "/mcp/token",
        {
            "grant_type": "authorization_code",
            "code": code,
            "client_id": grant.application.client_id,
            "redirect_uri": REDIRECT_URI,
            "code_verifier": CODE_VERIFIER,
        },
    )

    assert len(answers) == COUNT
    assert_one_code_was_traded_once(answers)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_several_processes_that_refresh_at_once_go_on_in_one_chain() -> None:
    row, token = make_refresh_token()

    answers = post_at_once(
        "/mcp/token",
        {"grant_type": "refresh_token", "refresh_token": token, "client_id": row.application.client_id},
    )

    assert_one_chain_goes_on(answers)
