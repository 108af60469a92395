"""`sweep_accounts` and its task (design §2, §10): what is over goes, nobody and nothing else."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.contrib.sessions.models import Session
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.utils import timezone
from django.utils.module_loading import import_string

from accounts import services, tasks
from accounts.audit import AccountAction, record_audit
from accounts.guests import guest_cookie_name, read_guest, remember_guest
from accounts.models import AuditEntry, User
from accounts.services import sweeping
from accounts.tests.builders import make_guest, make_user

pytestmark = pytest.mark.django_db


def days_ago(days: float) -> datetime:
    """That long before now."""
    return timezone.now() - timedelta(days=days)


def make_old_guest(**fields: Any) -> User:
    """A guest made 31 days ago."""
    return make_guest(date_joined=days_ago(31), **fields)


def make_connector_session(guest: User, **fields: Any) -> Any:
    """A row of an app to the right, which this one knows by name only."""
    client = apps.get_model("oauth", "Client").objects.create(name="An assistant", redirect_uris="https://a.example/cb")
    defaults = {"created_at": days_ago(31), "expires_at": timezone.now() + timedelta(days=300)}
    return apps.get_model("oauth", "ConnectorSession").objects.create(
        user=guest, client=client, issuer="i", resource="r", scope="", redirect_uri="", **{**defaults, **fields}
    )


def test_a_guest_without_any_session_goes_after_thirty_days() -> None:
    make_old_guest()

    removed = services.sweep_accounts()

    assert removed == {"guests": 1, "website_sessions": 0, "refusals": 0}
    assert not User.objects.exists()
    assert AuditEntry.objects.get(action=AccountAction.GUESTS_SWEPT).detail == {"count": 1}


def test_a_new_guest_stays() -> None:
    make_guest(date_joined=days_ago(29))

    assert services.sweep_accounts()["guests"] == 0
    assert User.objects.count() == 1
    assert not AuditEntry.objects.exists()


def test_a_guest_with_a_live_session_stays_however_long_unused() -> None:
    make_connector_session(make_old_guest())

    assert services.sweep_accounts()["guests"] == 0


def test_a_guest_whose_sessions_all_ended_long_ago_goes_with_them() -> None:
    guest = make_old_guest()
    make_connector_session(guest, ended_at=days_ago(31), end_reason="user")
    make_connector_session(guest, expires_at=days_ago(31))

    assert services.sweep_accounts()["guests"] == 1
    assert not apps.get_model("oauth", "ConnectorSession").objects.exists()


def test_one_live_session_among_ended_ones_keeps_the_guest() -> None:
    guest = make_old_guest()
    make_connector_session(guest, ended_at=days_ago(31), end_reason="user")
    make_connector_session(guest)
    make_connector_session(guest, expires_at=days_ago(40))

    assert services.sweep_accounts()["guests"] == 0


@pytest.mark.parametrize("seen", ["created_at", "connected_at", "last_used_at", "ended_at"])
def test_a_guest_seen_in_the_last_thirty_days_stays(seen: str) -> None:
    fields = {"ended_at": days_ago(31), "end_reason": "user", "expires_at": days_ago(31), seen: days_ago(29)}
    make_connector_session(make_old_guest(), **fields)

    assert services.sweep_accounts()["guests"] == 0


def test_a_linked_guest_stays() -> None:
    guest = make_old_guest()
    apps.get_model("linking", "AccountLink").objects.create(
        user=guest, account=make_user(), issuer="i", link_initiated_by="mcp"
    )

    assert services.sweep_accounts()["guests"] == 0


def test_an_account_stays_however_long_unseen() -> None:
    make_user(date_joined=days_ago(3000))

    assert services.sweep_accounts()["guests"] == 0


def test_more_guests_than_a_batch_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "SWEEP_BATCH", 2)
    for _ in range(5):
        make_old_guest()

    assert services.sweep_accounts()["guests"] == 5
    counts = [entry.detail["count"] for entry in AuditEntry.objects.order_by("created_at")]
    assert counts == [2, 2, 1]


def test_the_audit_rows_of_a_guest_outlive_it() -> None:
    guest = services.create_guest(address=None)
    User.objects.filter(pk=guest.pk).update(date_joined=days_ago(31))

    services.sweep_accounts()

    assert AuditEntry.objects.get(action=AccountAction.GUEST_CREATED).account is None


def test_expired_website_sessions_go_and_live_ones_stay(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "SWEEP_BATCH", 2)
    client.force_login(make_user())
    for number in range(3):
        Session.objects.create(session_key=f"k{number}", session_data="", expire_date=days_ago(1))

    assert services.sweep_accounts()["website_sessions"] == 3
    assert Session.objects.get().pk == client.session.session_key


@pytest.mark.parametrize(
    "action",
    [
        "account.sign_in.refused",
        "oauth.token.refused",
        "oauth.authorization.denied",
        "oauth.client_document.failed",
        "oauth.client_document.requested",
        "linking.guess.refused",
    ],
)
def test_a_refusal_that_concerns_no_account_goes_after_ninety_days(action: str, settings: Any) -> None:
    guest = make_guest()
    for actor in (None, guest):
        AuditEntry.objects.create(action=action, actor=actor, created_at=days_ago(91))
    AuditEntry.objects.create(action=action, created_at=days_ago(89))

    assert services.sweep_accounts()["refusals"] == 2
    assert AuditEntry.objects.filter(action=action).count() == 1
    assert AuditEntry.objects.get(action=AccountAction.REFUSALS_SWEPT).detail == {"count": 2}
    settings.DEXTER_REFUSAL_RETENTION = timedelta(days=88)
    assert services.sweep_accounts()["refusals"] == 1


def test_what_was_refused_to_an_account_stays_and_when_the_account_is_gone_too() -> None:
    account, gone = make_user(), make_user("gone@example.com")
    for whose in (account, gone):
        entry = record_audit(AccountAction.SIGN_IN_REFUSED, account=whose, reason="wrong_password")
        AuditEntry.objects.filter(pk=entry.pk).update(created_at=days_ago(3000))
    gone.delete()

    assert services.sweep_accounts()["refusals"] == 0
    assert AuditEntry.objects.count() == 2


@pytest.mark.parametrize(
    "action",
    [
        each
        for app in ("accounts.audit.AccountAction", "oauth.audit.OAuthAction", "linking.audit.LinkingAction")
        for each in import_string(app)
        if not each.endswith(sweeping.CAME_TO_NOTHING)
    ],
)
def test_what_was_done_stays_for_ever(action: str) -> None:
    """Of the system and of strangers too: registrations, blocks, rotated keys, sweeps."""
    AuditEntry.objects.create(action=action, created_at=days_ago(3000))

    assert services.sweep_accounts()["refusals"] == 0
    assert AuditEntry.objects.get().action == action


def test_more_refusals_than_a_batch_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "SWEEP_BATCH", 2)
    for _ in range(5):
        AuditEntry.objects.create(action="oauth.token.refused", created_at=days_ago(91))

    assert services.sweep_accounts()["refusals"] == 5
    assert [entry.detail["count"] for entry in AuditEntry.objects.order_by("created_at")] == [2, 2, 1]


def test_the_browser_of_a_guest_that_is_gone_is_another_guest() -> None:
    """Its cookie is good for a year and names a subject that nobody gets again (design §2)."""
    guest = make_old_guest()
    response = HttpResponse()
    remember_guest(response, guest)
    request = RequestFactory().get("/")
    request.COOKIES[guest_cookie_name()] = response.cookies[guest_cookie_name()].value
    assert read_guest(request) == guest

    services.sweep_accounts()
    make_guest()

    assert read_guest(request) is None


def test_the_task_may_run_twice() -> None:
    make_old_guest()

    assert tasks.sweep() == {"guests": 1, "website_sessions": 0, "refusals": 0}
    assert tasks.sweep() == {"guests": 0, "website_sessions": 0, "refusals": 0}
