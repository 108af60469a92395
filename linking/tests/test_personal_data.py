"""Download one's data, and delete one's account."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client as Browser
from django.utils import timezone

from accounts.audit import AccountAction
from accounts.models import AuditEntry, User
from accounts.tests.builders import make_user
from accounts.tests.second_factors import SECRET, make_app
from linking.models import AccountLink
from linking.tests.builders import make_link
from oauth.models import ConnectorSession
from oauth.tests.builders import make_access_token, make_client, make_session

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
    assert {"account.user.removed", "linking.link.removed", "oauth.session.ended"} <= {row.action for row in rows}
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
