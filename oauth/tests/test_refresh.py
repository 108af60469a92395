"""Refresh tokens and their rotation (RFC 6749 §6, RFC 9700 §4.14, design §6)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import AuditEntry
from oauth.bearer import resolve_bearer_token
from oauth.errors import InvalidToken
from oauth.models import AccessToken, Client, ConnectorSession, RefreshToken
from oauth.tests.builders import make_refresh_token, make_session
from oauth.tests.protocol import assert_json_error, nothing_written, refresh
from oauth.tokens import digest, generate_refresh_token

pytestmark = pytest.mark.django_db

REFUSED = "oauth.token.refused"
RESOURCE = "http://localhost:8000/mcp"
PassTime = Callable[[timedelta], None]


def assert_acts(response: Any) -> None:
    """The answer's access token is good."""
    assert response.status_code == 200
    assert resolve_bearer_token(response.json()["access_token"], resource=RESOURCE)


def assert_ended_by_replay() -> None:
    """The session is over, no token of it acts, and the audit log says why."""
    session = ConnectorSession.objects.get()
    entry = AuditEntry.objects.get(action="oauth.session.ended")
    assert session.end_reason == ConnectorSession.EndReason.REFRESH_REPLAYED
    assert (entry.session_id, entry.reason) == (session.pk, "refresh_replayed")
    assert AuditEntry.objects.filter(action=REFUSED, reason="refresh_replayed").exists()


# --- Rotation ---------------------------------------------------------------------------------------------------------


def test_a_refresh_answers_with_new_tokens(browser: Browser, client: Client, first: str) -> None:
    response = refresh(browser, client, first, resource=RESOURCE)

    answer = response.json()
    old, new = RefreshToken.objects.order_by("pk")
    assert_acts(response)
    assert answer.keys() == {"access_token", "token_type", "expires_in", "refresh_token", "scope"}
    assert answer["refresh_token"] != first
    assert new.token_checksum == digest(answer["refresh_token"])
    assert new.token == ""
    assert new.predecessor == old
    assert old.first_used_at is not None
    assert new.first_used_at is None
    assert AccessToken.objects.get().session == old.session == new.session


def test_a_refresh_slides_the_expiry_to_60_days_from_now(
    browser: Browser, client: Client, first: str, pass_time: PassTime
) -> None:
    pass_time(timedelta(days=59))

    response = refresh(browser, client, first)

    lifetime = RefreshToken.objects.latest("pk").expires_at - timezone.now()
    assert response.status_code == 200
    assert timedelta(days=59, hours=23) < lifetime <= timedelta(days=60)


def test_a_session_can_be_refreshed_for_a_year(
    browser: Browser, client: Client, first: str, pass_time: PassTime
) -> None:
    session, token, days = ConnectorSession.objects.get(), first, 0
    while (response := refresh(browser, client, token)).status_code == 200:
        token = response.json()["refresh_token"]
        assert RefreshToken.objects.latest("pk").expires_at <= session.expires_at
        pass_time(timedelta(days=30))
        days += 30

    assert_json_error(response, "invalid_grant")
    assert days == 390  # the first multiple of 30 after 365
    assert session.expires_at - session.created_at <= timedelta(days=365, seconds=1)


def test_the_successor_cannot_be_computed_from_the_database(browser: Browser, client: Client, first: str) -> None:
    successor = refresh(browser, client, first).json()["refresh_token"]

    stored = {row.token_checksum for row in RefreshToken.objects.all()}
    assert successor not in {f"dxr_{value}" for value in stored} | {f"dxr_{digest(value)}" for value in stored}


def test_the_successor_depends_on_the_servers_key(first: str, settings: Any) -> None:
    request = SimpleNamespace(grant_type="refresh_token", refresh_token=first)
    ours = generate_refresh_token(request)
    settings.SECRET_KEY = "x" * 50

    theirs = generate_refresh_token(request)

    assert ours != theirs


# --- The predecessor, until its successor is used (RFC 9700 §4.14.2, design §6) ---------------------------------------


def test_two_refreshes_with_one_token_get_one_successor(browser: Browser, client: Client, first: str) -> None:
    one, other = refresh(browser, client, first), refresh(browser, client, first)

    assert one.json()["refresh_token"] == other.json()["refresh_token"]
    assert one.json()["access_token"] != other.json()["access_token"]
    assert RefreshToken.objects.count() == 2
    assert_acts(one)
    assert_acts(other)


def test_both_go_on_in_one_chain(browser: Browser, client: Client, first: str) -> None:
    """Two processes of one assistant, each with its own copy (Claude Code)."""
    one, other = refresh(browser, client, first), refresh(browser, client, first)

    again = refresh(browser, client, one.json()["refresh_token"])
    also = refresh(browser, client, other.json()["refresh_token"])

    assert again.json()["refresh_token"] == also.json()["refresh_token"]
    assert RefreshToken.objects.count() == 3
    assert ConnectorSession.objects.get().ended_at is None


def test_a_lost_answer_can_be_fetched_again_for_ten_minutes(
    browser: Browser, client: Client, first: str, pass_time: PassTime
) -> None:
    lost = refresh(browser, client, first).json()
    pass_time(timedelta(minutes=9, seconds=50))

    response = refresh(browser, client, first)

    assert_acts(response)
    assert response.json()["refresh_token"] == lost["refresh_token"]


def test_after_ten_minutes_the_predecessor_ends_the_session(
    browser: Browser, client: Client, first: str, pass_time: PassTime
) -> None:
    answer = refresh(browser, client, first).json()
    pass_time(timedelta(minutes=10, seconds=1))

    response = refresh(browser, client, first)

    assert_json_error(response, "invalid_grant")
    assert_ended_by_replay()
    with pytest.raises(InvalidToken):
        resolve_bearer_token(answer["access_token"], resource=RESOURCE)
    assert_json_error(refresh(browser, client, answer["refresh_token"]), "invalid_grant")


def test_the_ten_minutes_do_not_start_again(browser: Browser, client: Client, first: str, pass_time: PassTime) -> None:
    refresh(browser, client, first)
    pass_time(timedelta(minutes=6))
    refresh(browser, client, first)
    pass_time(timedelta(minutes=6))

    response = refresh(browser, client, first)

    assert_json_error(response, "invalid_grant")
    assert_ended_by_replay()


def test_once_the_successor_is_used_the_predecessor_ends_the_session(
    browser: Browser, client: Client, first: str
) -> None:
    """A thief who refreshes later than the assistant, or the assistant after the thief."""
    second = refresh(browser, client, first).json()["refresh_token"]
    answer = refresh(browser, client, second).json()

    response = refresh(browser, client, first)

    assert_json_error(response, "invalid_grant")
    assert_ended_by_replay()
    with pytest.raises(InvalidToken):
        resolve_bearer_token(answer["access_token"], resource=RESOURCE)
    assert_json_error(refresh(browser, client, answer["refresh_token"]), "invalid_grant")


def test_a_token_far_back_in_the_chain_ends_the_session(browser: Browser, client: Client, first: str) -> None:
    token = first
    for _ in range(4):
        token = refresh(browser, client, token).json()["refresh_token"]

    response = refresh(browser, client, first)

    assert_json_error(response, "invalid_grant")
    assert_ended_by_replay()


def test_an_ended_session_is_not_ended_again(browser: Browser, client: Client, first: str) -> None:
    second = refresh(browser, client, first).json()["refresh_token"]
    refresh(browser, client, second)
    refresh(browser, client, first)

    with nothing_written(REFUSED):
        response = refresh(browser, client, first)

    assert_json_error(response, "invalid_grant")


def test_a_refused_refresh_of_the_successor_is_no_use_of_it(browser: Browser, client: Client, first: str) -> None:
    """What was rolled back did not happen: the predecessor still works."""
    second = refresh(browser, client, first).json()["refresh_token"]
    with nothing_written(REFUSED):
        refused = refresh(browser, client, second, resource="https://other.example/")

    response = refresh(browser, client, first)

    assert_json_error(refused, "invalid_target")
    assert_acts(response)


# --- Scopes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "granted"),
    [
        (None, "identity.read email"),
        ("", "identity.read email"),
        ("email", "email"),
        ("email email", "email"),
        ("email link.write", "email"),
        ("link.write", "identity.read"),
        ("unknown", "identity.read"),
        ("openid", "identity.read"),
    ],
)
def test_a_refresh_narrows_and_never_widens(browser: Browser, asked: str | None, granted: str) -> None:
    """What was not granted is dropped; where nothing is left, the default set within the grant (connectors, rule 4)."""
    row, token = make_refresh_token(make_session(scope="identity.read email"))

    response = refresh(browser, row.application, token, scope=asked)

    assert response.json()["scope"] == AccessToken.objects.get().scope == granted


def test_a_narrowed_refresh_does_not_narrow_the_next(browser: Browser) -> None:
    """RFC 6749 §6: an omitted scope means the one that the person granted."""
    row, token = make_refresh_token(make_session(scope="identity.read email"))
    token = refresh(browser, row.application, token, scope="email").json()["refresh_token"]

    response = refresh(browser, row.application, token)

    assert response.json()["scope"] == "identity.read email"


def test_a_refresh_with_openid_brings_a_new_id_token(browser: Browser) -> None:
    """OpenID Connect Core §12.2."""
    row, token = make_refresh_token(make_session(scope="openid identity.read"))

    answers = [refresh(browser, row.application, token).json() for _ in range(2)]

    assert answers[0]["id_token"] != answers[1]["id_token"]
