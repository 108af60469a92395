"""Download one's data, and delete one's account."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as site
from django.contrib.sessions.models import Session
from django.test import Client as Browser
from django.utils import timezone

from accounts.audit import AccountAction, record_audit
from accounts.models import AuditEntry, User
from accounts.tests.builders import PASSWORD, make_guest, make_user
from accounts.tests.second_factors import SECRET, make_app
from linking.audit import LinkingAction
from linking.errors import MintingLimited
from linking.export import data_of
from linking.models import AccountLink
from linking.services import offer_linking_code, remove_link, resolve_identity
from linking.tests.browsing import grow_old
from linking.tests.builders import make_link, make_linking_code
from oauth.models import ConnectorSession
from oauth.services import end_session
from oauth.tests.builders import make_access_token, make_client, make_confidential_client, make_session

pytestmark = pytest.mark.django_db(transaction=True)
DOWNLOAD, DELETE = "/account/data/download", "/account/delete/"


def signed_in(user: User) -> Browser:
    """A browser in which `user` is signed in, and has been seen."""
    browser = Browser()
    browser.force_login(user)
    browser.get("/account/")
    return browser


def test_the_file_has_all_that_is_mine_and_no_secret() -> None:
    ada = make_user(display_name="Ada")
    make_app(ada)
    session = make_session(user=ada, client=make_client(name="ChatGPT"))
    row, token = make_access_token(session)
    make_link(account=ada)
    make_session(user=make_user("grace@example.com"), client=make_client(name="Hers"))

    response = signed_in(ada).post(DOWNLOAD)

    found, text = response.json(), response.content.decode()
    assert response["Content-Disposition"].startswith('attachment; filename="user-')
    assert "no-store" in response["Cache-Control"]
    assert found["profile"]["email"] == "ada@example.com"
    assert [each["assistant"] for each in found["connections"]].count("ChatGPT") == 1
    assert len(found["links"]) == 1 and len(found["browsers"]) == 1
    assert found["signing_in"]["totp"]["added_at"]
    for secret in (token, row.token_checksum, ada.password, SECRET, "Hers", "grace@example.com"):
        assert secret not in text
    assert AuditEntry.objects.get(action=AccountAction.DATA_EXPORTED).account == ada


def test_whoever_is_asked_whether_it_is_them_is_told_to_press_again_once() -> None:
    """The page that they come back to looks as it did before they pressed."""
    ada = make_user()
    browser = signed_in(ada)
    grow_old(browser, timedelta(minutes=16))
    again = "press the button once more"

    asked = browser.post(DOWNLOAD)
    before = browser.get("/account/data/").content.decode()
    back = browser.post(asked["Location"], {"password": PASSWORD}, follow=True)
    afterwards = browser.get("/account/data/").content.decode()

    assert asked["Location"] == "/account/reauthenticate/?next=%2Faccount%2Fdata%2F"
    assert back.redirect_chain[-1][0] == "/account/data/"
    assert again in back.content.decode()
    assert again not in before + afterwards
    assert not AuditEntry.objects.filter(action=AccountAction.DATA_EXPORTED).exists()


def test_the_file_has_what_became_of_linking_codes_and_not_the_codes() -> None:
    ada, grace = make_user(), make_user("grace@example.com")
    offered = offer_linking_code(account=ada, address=None)
    link = make_link(account=ada)
    assert link.session is not None
    row, code = make_linking_code(link.session)
    make_linking_code()
    offer_linking_code(account=grace, address=None)

    response = signed_in(ada).post(DOWNLOAD)

    codes = response.json()["linking_codes"]
    assert [(each["identity"], each["asked_for_by"]) for each in codes] == [
        (link.user.subject, "mcp"),
        (ada.subject, "web"),
    ]
    assert codes[0]["assistant"] == "Example Assistant" and codes[0]["made_at"]
    for secret in (offered.code, code, row.code_digest):
        assert secret not in response.content.decode()


def test_the_file_has_what_the_pages_leave_out() -> None:
    ada, grace = make_user(), make_user("grace@example.com")
    service = make_confidential_client(name="Ledger")
    for each in (ada, grace):
        resolve_identity(issuer=site.DEXTER_ISSUER, subject=each.subject, service=service, address="192.0.2.7")
    for _ in range(5):
        offer_linking_code(account=ada, address="192.0.2.1")
    with pytest.raises(MintingLimited):
        offer_linking_code(account=ada, address="192.0.2.1")
    for _ in range(3):
        record_audit(LinkingAction.GUESS_REFUSED, actor=ada, account=ada, reason="account_locked")

    found = signed_in(ada).post(DOWNLOAD).json()

    records = [(each["action"], each["by"], each["address"]) for each in found["other_records"]]
    assert records == [
        (LinkingAction.MINTING_REFUSED, "", "192.0.2.1"),
        # Where the service sits is its own affair.
        (LinkingAction.IDENTITY_RESOLVED, "Ledger", ""),
    ]
    assert [each["count"] for each in found["typed_while_locked"]] == [3]


def test_the_file_has_nothing_of_whoever_the_identity_acted_for_before() -> None:
    """At a computer that a family shares: Ada linked it and unlinked it, then Bob linked it."""
    ada, bob, guest = make_user(), make_user("bob@example.com"), make_guest()
    hers = make_session(guest, address="203.0.113.77", user_agent="AdaPhone/1")
    link = make_link(ada, hers)
    yesterday = timezone.now() - timedelta(days=1)
    row, _code = make_linking_code(hers, expires_at=yesterday, used_at=yesterday)
    end_session(session=hers, reason=ConnectorSession.EndReason.USER, actor=ada)
    remove_link(link=link, actor=ada)
    his = make_session(guest, address="203.0.113.88")
    make_link(bob, his)

    found = json.dumps(data_of(bob), default=str)

    assert "203.0.113.88" in found
    assert "203.0.113.77" not in found and "AdaPhone" not in found
    assert str(row.pk) not in found


def test_of_a_flood_the_file_has_the_newest_and_says_how_many_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("linking.activity.MOST_IN_FILE", 2)
    ada = make_user()
    for _ in range(4):
        record_audit(AccountAction.PROFILE_CHANGED, account=ada)
        record_audit(LinkingAction.IDENTITY_RESOLVED, account=ada)

    found = data_of(ada)

    assert len(found["activity"]) == len(found["other_records"]) == 2
    assert found["older_activity"] == found["older_other_records"] == 2


def test_the_page_says_what_is_in_the_file_and_what_is_not() -> None:
    page = signed_in(make_user()).get("/account/data/").content.decode()

    assert "which services looked you up" in page
    assert "Not in it: passwords, keys and the codes themselves" in page


def test_deleting_ends_what_is_mine_and_unlinks_what_is_not(mailoutbox: list[Any]) -> None:
    ada = make_user()
    own = make_session(user=ada)
    link = make_link(account=ada)
    browser, elsewhere = signed_in(ada), signed_in(ada)
    subject = ada.subject

    response = browser.post(DELETE, {"agreed": "yes"}, follow=True)

    assert "Your account is deleted." in response.content.decode()
    assert not User.objects.filter(subject=subject).exists()
    assert not ConnectorSession.objects.filter(user_id=own.user_id).exists()
    assert not AccountLink.objects.exists()
    [left] = ConnectorSession.objects.filter(user_id=link.user_id)
    assert left.is_live()
    assert User.objects.filter(pk=link.user_id).exists()
    for each in (browser, elsewhere):
        assert each.get("/account/")["Location"].startswith("/account/login/")
    assert not Session.objects.filter(browser__isnull=False).exists()
    [message] = mailoutbox
    assert (message.to, message.subject) == (["ada@example.com"], "Your Dexter account is deleted")
    assert "nobody can sign in to it again" in message.body and message.alternatives
    rows = AuditEntry.objects.filter(account_subject=subject)
    assert {"account.user.deleted", "linking.link.removed", "oauth.session.ended"} <= {row.action for row in rows}
    assert "ada@example.com" not in str(list(AuditEntry.objects.values()))


def test_it_has_to_be_agreed_to() -> None:
    ada = make_user()

    response = signed_in(ada).post(DELETE)

    assert response.status_code == 400
    assert User.objects.filter(pk=ada.pk).exists()


def test_the_last_superuser_stays() -> None:
    root = make_user("root@example.com", is_staff=True, is_superuser=True)
    other = make_user("other@example.com", is_staff=True, is_superuser=True)
    make_session(user=root)

    signed_in(other).post(DELETE, {"agreed": "yes"})
    response = signed_in(root).post(DELETE, {"agreed": "yes"})

    assert not User.objects.filter(pk=other.pk).exists()
    assert "Make somebody else a superuser first" in response.content.decode()
    assert User.objects.filter(pk=root.pk).exists()
    assert ConnectorSession.objects.get().is_live()
    assert AuditEntry.objects.get(action=AccountAction.DELETION_REFUSED).account == root


@pytest.mark.parametrize("path", [DOWNLOAD, DELETE])
def test_a_thief_at_an_unlocked_browser_is_asked_again(path: str) -> None:
    ada = make_user(date_joined=timezone.now() - timedelta(days=1))

    response = signed_in(ada).post(path, {"agreed": "yes"})

    assert response["Location"].startswith("/account/reauthenticate/")
    assert User.objects.filter(pk=ada.pk).exists()
    assert not AuditEntry.objects.filter(action__in=[AccountAction.DATA_EXPORTED, AccountAction.DELETED]).exists()


@pytest.mark.parametrize("path", [DOWNLOAD, DELETE])
def test_another_site_cannot_ask_for_it(path: str) -> None:
    ada = make_user()
    browser = Browser(enforce_csrf_checks=True)
    browser.force_login(ada)

    assert browser.post(path, {"agreed": "yes"}).status_code == 403
    assert User.objects.filter(pk=ada.pk).exists()
