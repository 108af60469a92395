"""*End all connections* on `/account/`."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import AuditEntry, User
from accounts.tests.builders import make_user
from linking.audit import LinkingAction
from linking.models import AccountLink
from linking.tests.browsing import text_of
from linking.tests.builders import make_link, make_principal
from oauth.audit import OAuthAction
from oauth.tests.builders import make_session

pytestmark = pytest.mark.django_db


END_ALL = "/account/connections/end-all"


def test_ending_all_ends_own_and_linked_connections_and_nobody_elses(browser: Browser, account: User) -> None:
    link = make_link(account=account)
    mine = [make_session(user=account), make_session(user=account), link.session]
    others = [
        make_session(),
        make_session(user=make_user("grace@example.com")),
        make_link(account=make_user("mary@example.com")).session,
    ]

    response = browser.post(END_ALL, follow=True)

    assert "3 connections have ended. Nothing acts for you any more." in text_of(response)
    assert "No assistant acts for your account now." in text_of(response)
    for session in mine:
        assert session is not None
        session.refresh_from_db()
        assert session.end_reason == "user"
    for session in others:
        assert session is not None
        session.refresh_from_db()
        assert session.is_live()
    removed = AuditEntry.objects.get(action=LinkingAction.LINK_REMOVED)
    assert (removed.actor, removed.account, removed.session_id, removed.address) == (
        *(account, account, link.session_id),
        "127.0.0.1",
    )
    assert set(AccountLink.objects.values_list("account__email", flat=True)) == {"mary@example.com"}
    rows = AuditEntry.objects.filter(action=OAuthAction.SESSION_ENDED)
    assert {(row.session_id, row.actor, row.account, row.reason, row.address) for row in rows} == {
        (session.pk, account, account, "user", "127.0.0.1") for session in mine if session
    }


def test_no_linked_identity_acts_for_the_account_afterwards(browser: Browser, account: User) -> None:
    """The page says so, also of one that has nothing connected just now."""
    link = make_link(account=account)
    make_link(account=account, session=make_session(ended_at=timezone.now(), end_reason="client"))

    browser.post(END_ALL)

    assert make_principal(make_session(user=link.user)).account is None
    assert not AccountLink.objects.exists()


def test_no_mail_is_sent_of_what_the_person_did_themselves(
    browser: Browser, account: User, django_capture_on_commit_callbacks: Any
) -> None:
    make_link(account=account)

    with django_capture_on_commit_callbacks(execute=True):
        browser.post(END_ALL)

    assert mail.outbox == []


def test_ending_all_twice_is_once(browser: Browser, account: User) -> None:
    make_session(user=account)
    browser.post(END_ALL)

    assert "0 connections have ended." in text_of(browser.post(END_ALL, follow=True))
    assert AuditEntry.objects.filter(action=OAuthAction.SESSION_ENDED).count() == 1


def test_all_are_offered_to_end_where_there_is_more_than_one(browser: Browser, account: User) -> None:
    make_session(user=account)
    one = text_of(browser.get("/account/"))
    make_session(user=account)
    two = text_of(browser.get("/account/"))

    assert "End all connections" not in one
    assert two.count(">End all connections</button>") == 1


def test_ending_all_needs_a_sign_in_and_a_post_with_a_csrf_token(account: User) -> None:
    session, link = make_session(user=account), make_link(account=account)
    forged = Browser(enforce_csrf_checks=True)
    forged.force_login(account)

    assert forged.post(END_ALL).status_code == 403
    assert forged.get(END_ALL)["Location"] == "/account/"
    assert Browser().post(END_ALL)["Location"] == "/account/login/?next=/account/"

    session.refresh_from_db()
    assert session.is_live()
    assert AccountLink.objects.get() == link
    assert not AuditEntry.objects.filter(action=OAuthAction.SESSION_ENDED).exists()
