"""The sweep: what no longer decides anything goes, and nothing that is alive (connectors, rule 7; design §6)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command, get_commands
from django.db import models
from django.test import Client as Browser
from django.utils import timezone
from oauth2_provider.management.commands import cleartokens as upstream

from accounts.models import AuditEntry, User
from oauth.bearer import resolve_bearer_token
from oauth.management.commands import cleartokens
from oauth.models import AccessToken, Client, ConnectorSession, Grant, IDToken, RefreshToken
from oauth.services import sweep_oauth
from oauth.tasks import sweep
from oauth.tests.builders import (
    make_access_token,
    make_client,
    make_grant,
    make_id_token,
    make_refresh_token,
    make_session,
)
from oauth.tests.protocol import nothing_written, refresh

pytestmark = pytest.mark.django_db

RESOURCE = "http://localhost:8000/mcp"
SECOND, HOUR, DAY = timedelta(seconds=10), timedelta(hours=1), timedelta(days=1)
Rows = type[models.Model]


def ago(duration: timedelta) -> datetime:
    """That long before now."""
    return timezone.now() - duration


def make_live_session(**fields: Any) -> ConnectorSession:
    """A session with a refresh token, so that something can still act for it."""
    session = make_session(**fields)
    make_refresh_token(session)
    return session


def age_client(client: Client, **fields: Any) -> Client:
    """Give a client other times than it was made with."""
    Client.objects.filter(pk=client.pk).update(**fields)
    return client


# Each rule: what is kept just inside of it, and what goes just outside.
RULES: dict[str, tuple[Rows, Callable[[], Any], Callable[[], Any]]] = {
    "access tokens until they expire": (
        AccessToken,
        lambda: make_access_token(expires=timezone.now() + SECOND),
        lambda: make_access_token(expires=ago(SECOND)),
    ),
    "refresh tokens until they expire": (
        RefreshToken,
        lambda: make_refresh_token(expires_at=timezone.now() + SECOND, first_used_at=ago(DAY)),
        lambda: make_refresh_token(expires_at=ago(SECOND)),
    ),
    "ID tokens until they expire": (
        IDToken,
        lambda: make_id_token(make_live_session(), expires=timezone.now() + SECOND),
        lambda: make_id_token(make_live_session(), expires=ago(SECOND)),
    ),
    "codes for a day, so that their replay is seen": (
        Grant,
        lambda: make_grant(expires=ago(DAY - SECOND), used_at=ago(DAY)),
        lambda: make_grant(expires=ago(DAY + SECOND), used_at=ago(DAY)),
    ),
    "ended sessions for 90 days": (
        ConnectorSession,
        lambda: make_session(ended_at=ago(90 * DAY - SECOND), end_reason="user"),
        lambda: make_session(ended_at=ago(90 * DAY + SECOND), end_reason="user"),
    ),
    "sessions whose code was not traded for a day": (
        ConnectorSession,
        lambda: make_session(connected_at=None, created_at=ago(DAY - SECOND)),
        lambda: make_session(connected_at=None, created_at=ago(DAY + SECOND)),
    ),
    "live sessions however old": (
        ConnectorSession,
        lambda: make_live_session(created_at=ago(364 * DAY), expires_at=timezone.now() + SECOND),
        lambda: make_session(ended_at=ago(91 * DAY), end_reason="expired"),
    ),
    "unused registrations for a day": (
        Client,
        lambda: age_client(make_client(), created=ago(DAY - SECOND)),
        lambda: age_client(make_client(), created=ago(DAY + SECOND)),
    ),
    "idle registrations for 90 days": (
        Client,
        lambda: age_client(make_client(), created=ago(200 * DAY), last_used_at=ago(90 * DAY - SECOND)),
        lambda: age_client(make_client(), created=ago(200 * DAY), last_used_at=ago(90 * DAY + SECOND)),
    ),
    "idle registrations that have a live session": (
        Client,
        lambda: age_client(make_live_session().client, created=ago(200 * DAY), last_used_at=ago(100 * DAY)),
        lambda: age_client(make_session().client, created=ago(200 * DAY), last_used_at=ago(100 * DAY)),
    ),
    "registrations that somebody consents to just now": (
        Client,
        lambda: age_client(make_session(connected_at=None).client, created=ago(2 * DAY)),
        lambda: age_client(make_client(), created=ago(2 * DAY)),
    ),
    "clients that staff set up": (
        Client,
        lambda: age_client(make_client(registration_source="manual"), created=ago(500 * DAY)),
        lambda: age_client(make_client(), created=ago(500 * DAY)),
    ),
    "clients that are blocked": (
        Client,
        lambda: age_client(make_client(blocked_at=ago(DAY)), created=ago(500 * DAY)),
        lambda: age_client(make_client(), created=ago(500 * DAY)),
    ),
    "clients that a person reported": (
        Client,
        lambda: age_client(make_client(flagged_at=ago(DAY)), created=ago(500 * DAY)),
        lambda: age_client(make_client(), created=ago(500 * DAY)),
    ),
}


@pytest.mark.parametrize("rule", RULES)
def test_what_is_just_inside_a_rule_stays_and_what_is_just_outside_goes(rule: str) -> None:
    model, make_kept, make_swept = RULES[rule]
    make_kept()
    kept = set(model._default_manager.values_list("pk", flat=True))
    make_swept()
    assert model._default_manager.count() == 2 * len(kept)

    sweep_oauth()

    assert set(model._default_manager.values_list("pk", flat=True)) == kept


def test_a_rotated_refresh_token_stays_so_that_its_reuse_is_seen(browser: Browser) -> None:
    row, first = make_refresh_token()
    second = refresh(browser, row.application, first).json()["refresh_token"]
    refresh(browser, row.application, second)

    sweep_oauth()
    response = refresh(browser, row.application, first)

    assert response.json()["error"] == "invalid_grant"
    assert ConnectorSession.objects.get().end_reason == "refresh_replayed"


@pytest.mark.parametrize(
    ("expires_in", "refresh_expires_in", "ends"),
    [(HOUR, -HOUR, False), (-HOUR, HOUR, False), (-HOUR, -HOUR, True), (None, None, True)],
)
def test_a_session_ends_when_nothing_can_act_for_it_any_more(
    expires_in: timedelta | None, refresh_expires_in: timedelta | None, ends: bool
) -> None:
    session = make_session()
    if expires_in is not None and refresh_expires_in is not None:
        make_access_token(session, expires=timezone.now() + expires_in)
        make_refresh_token(session, expires_at=timezone.now() + refresh_expires_in)

    counts = sweep_oauth()

    session.refresh_from_db()
    assert counts["expired_sessions"] == int(ends)
    assert session.end_reason == ("expired" if ends else "")
    assert AuditEntry.objects.filter(action="oauth.session.ended", reason="expired").count() == int(ends)


def test_a_session_ends_after_its_year() -> None:
    session = make_live_session(expires_at=ago(SECOND))

    sweep_oauth()

    session.refresh_from_db()
    assert session.end_reason == ConnectorSession.EndReason.EXPIRED


def test_an_expired_id_token_does_not_take_a_live_access_token_along() -> None:
    session = make_session()
    id_token = make_id_token(session, expires=ago(SECOND))
    _, token = make_access_token(session, id_token=id_token)

    sweep_oauth()

    assert resolve_bearer_token(token, resource=RESOURCE)


def test_with_a_registration_everything_of_it_goes_and_nothing_of_others() -> None:
    doomed = age_client(make_session(ended_at=ago(DAY), end_reason="user").client, last_used_at=ago(91 * DAY))
    kept = make_live_session()

    counts = sweep_oauth()

    assert counts["clients"] == 1
    assert not Client.objects.filter(pk=doomed.pk).exists()
    assert ConnectorSession.objects.get() == kept
    assert User.objects.count() == 2


def test_a_sweep_is_counted_and_audited() -> None:
    make_access_token(make_live_session(), expires=ago(SECOND))
    make_access_token(make_live_session(), expires=ago(SECOND))
    age_client(make_client(), created=ago(2 * DAY))

    counts = sweep_oauth()

    assert counts == {
        "expired_sessions": 0,
        "access_tokens": 2,
        "id_tokens": 0,
        "grants": 0,
        "refresh_tokens": 0,
        "sessions": 0,
        "clients": 1,
        "service_tokens": 0,
        "signing_keys": 0,
        "used_assertions": 0,
    }
    entries = dict(AuditEntry.objects.values_list("action", "detail"))
    assert entries == {"oauth.tokens.swept": {"access_tokens": 2}, "oauth.clients.swept": {"clients": 1}}


def test_a_second_sweep_finds_nothing() -> None:
    make_access_token(expires=ago(SECOND))
    make_grant(expires=ago(2 * DAY))
    sweep_oauth()

    with nothing_written():
        counts = sweep_oauth()

    assert set(counts.values()) == {0}


def test_more_than_a_batch_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oauth.services.sweeping.SWEEP_BATCH", 2)
    session = make_live_session()
    for _ in range(5):
        make_access_token(session, expires=ago(SECOND))
        make_session(expires_at=ago(SECOND))

    counts = sweep_oauth()

    assert (counts["access_tokens"], counts["expired_sessions"]) == (5, 5)


def test_the_task_sweeps() -> None:
    make_access_token(expires=ago(SECOND))

    assert sweep.delay().get()["access_tokens"] == 1


# --- manage.py cleartokens --------------------------------------------------------------------------------------------


def test_upstreams_cleartokens_would_end_every_connection() -> None:
    """Why ours takes its name: a refresh token without an access token is an orphan to it."""
    make_refresh_token()

    upstream.Command().handle()

    assert not RefreshToken.objects.exists()


def test_cleartokens_is_ours_and_keeps_what_is_alive(browser: Browser) -> None:
    row, token = make_refresh_token()
    make_access_token(make_live_session(), expires=ago(SECOND))
    out = StringIO()

    call_command("cleartokens", stdout=out)

    assert get_commands()["cleartokens"] == "oauth"
    assert "access tokens: 1" in out.getvalue()
    assert refresh(browser, row.application, token).status_code == 200


def test_cleartokens_says_in_its_help_that_it_is_ours() -> None:
    text = cleartokens.Command().create_parser("manage.py", "cleartokens").format_help()

    assert "Dexter's own command" in " ".join(text.split())
