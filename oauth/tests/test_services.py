"""What is done to clients and sessions (design §2, §6)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import AuditEntry, User
from accounts.tests.builders import make_guest, make_user
from oauth.models import Client, ConnectorSession, Grant
from oauth.services import (
    Consent,
    block_client,
    end_session,
    flag_client,
    issue_authorization_code,
    touch_session,
)
from oauth.tests.builders import CODE_CHALLENGE, REDIRECT_URI, make_client, make_grant, make_session
from oauth.tests.protocol import nothing_written
from oauth.tokens import digest

pytestmark = pytest.mark.django_db

Reason = ConnectorSession.EndReason


# --- issue_authorization_code -----------------------------------------------------------------------------------------


def issue(user: User | None, client: Client) -> tuple[Grant, str]:
    """Issue a code for one scope."""
    return issue_authorization_code(
        consent=Consent(user=user, address="203.0.113.9", user_agent="Firefox\x00"),
        client=client,
        redirect_uri=REDIRECT_URI,
        scopes=["identity.read"],
        code_challenge=CODE_CHALLENGE,
    )


def test_a_code_opens_a_session_of_a_year_for_the_one_resource() -> None:
    person, client = make_user(), make_client()

    grant, code = issue(person, client)

    session = ConnectorSession.objects.get()
    assert grant.session == session
    assert grant.code == digest(code)
    assert (session.user, session.client, session.scope) == (person, client, "identity.read")
    assert session.issuer == session.resource == "http://localhost:8000/mcp"
    assert session.expires_at - session.created_at == timedelta(days=365)
    assert session.user_agent == "Firefox"
    assert session.is_live()


def test_somebody_new_becomes_a_guest() -> None:
    grant, _ = issue(None, make_client())

    assert grant.user.is_guest
    assert list(AuditEntry.objects.order_by("created_at").values_list("action", flat=True)) == [
        "account.guest.created",
        "oauth.session.opened",
    ]


def test_a_guest_is_not_made_for_a_code_that_cannot_be_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    client, (taken, _) = make_client(), make_grant()
    monkeypatch.setattr("oauth.services.sessions.digest", lambda code: taken.code)

    with nothing_written(), pytest.raises(IntegrityError), transaction.atomic():
        issue(None, client)


# --- end_session ------------------------------------------------------------------------------------------------------


def test_a_session_ends_once_and_is_audited_once() -> None:
    person, staff = make_user(), make_user("staff@example.com", is_staff=True)
    session = make_session(person)
    copy = ConnectorSession.objects.get()

    first = end_session(session=session, reason=Reason.STAFF, actor=staff, address="203.0.113.9")
    second = end_session(session=copy, reason=Reason.USER, actor=person)

    stored = ConnectorSession.objects.get()
    entry = AuditEntry.objects.get()
    assert (first, second) == (True, False)
    assert (stored.end_reason, stored.ended_at) == (session.end_reason, session.ended_at)
    assert stored.end_reason == "staff"
    assert not stored.is_live()
    assert (entry.action, entry.actor, entry.account) == ("oauth.session.ended", staff, person)
    assert (entry.client_id, entry.session_id) == (session.client.client_id, session.pk)
    assert (entry.address, entry.reason) == ("203.0.113.9", "staff")


def test_a_guests_session_is_nobodys_account_in_the_audit_log() -> None:
    end_session(session=make_session(make_guest()), reason=Reason.CLIENT)

    assert AuditEntry.objects.get().account is None


def test_other_sessions_go_on() -> None:
    session = make_session()
    other = make_session(session.user, session.client)

    end_session(session=session, reason=Reason.USER)

    other.refresh_from_db()
    assert other.is_live()


# --- flag_client, block_client, touch_session -------------------------------------------------------------------------


def test_a_report_flags_the_client_and_blocks_nobody() -> None:
    client, person = make_client(), make_user()

    flag_client(client=client, actor=person, address="203.0.113.9")
    first = Client.objects.get().flagged_at
    flag_client(client=client, actor=make_user("grace@example.com"))

    stored = Client.objects.get()
    assert stored.flagged_at == first != None  # noqa: E711
    assert stored.blocked_at is None
    assert AuditEntry.objects.filter(action="oauth.client.flagged").count() == 2


def test_a_client_is_blocked_and_let_in_again_once_each() -> None:
    client, staff = make_client(), make_user(is_staff=True)

    changes = [block_client(client=client, actor=staff, blocked=blocked) for blocked in (True, True, False, False)]

    assert changes == [True, False, True, False]
    assert Client.objects.get().blocked_at is None
    assert list(AuditEntry.objects.order_by("created_at").values_list("action", "actor")) == [
        ("oauth.client.blocked", staff.pk),
        ("oauth.client.unblocked", staff.pk),
    ]


def test_use_is_noted_on_the_session_and_its_client() -> None:
    session = make_session()
    used_at = timezone.now() - timedelta(minutes=5)

    touch_session(session=session, used_at=used_at)

    assert ConnectorSession.objects.get().last_used_at == Client.objects.get().last_used_at == used_at


def test_use_is_now_unless_somebody_says_otherwise() -> None:
    touch_session(session=make_session())

    used_at = ConnectorSession.objects.get().last_used_at
    assert used_at is not None
    assert timezone.now() - used_at < timedelta(seconds=10)
