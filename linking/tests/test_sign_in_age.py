"""Confirming needs a sign-in no older than 15 minutes (design §7, confirm)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.core import mail
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import User
from accounts.sign_in import SIGN_IN_MAX_AGE
from accounts.tests.builders import PASSWORD, make_user
from accounts.tests.mails import code_in
from linking.models import AccountLink
from linking.tests.browsing import decide, grow_old, signed_in, text_of, type_code
from linking.tests.builders import make_linking_code

pytestmark = pytest.mark.django_db


def test_the_settings_agree_on_what_a_recent_sign_in_is() -> None:
    assert timedelta(seconds=settings.ACCOUNT_REAUTHENTICATION_TIMEOUT) == SIGN_IN_MAX_AGE == timedelta(minutes=15)


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_stale_sign_in_neither_sees_nor_confirms(browser: Browser, method: str) -> None:
    row = type_code(browser)
    grow_old(browser, timedelta(minutes=15, seconds=5))

    response = getattr(browser, method)("/link/confirm", {"decision": "link"})

    assert response["Location"] == "/account/reauthenticate/?next=%2Flink%2Fconfirm"
    row.refresh_from_db()
    assert row.used_at is None
    assert not AccountLink.objects.exists()


def test_a_sign_in_of_fourteen_minutes_ago_is_recent(browser: Browser) -> None:
    type_code(browser)
    grow_old(browser, timedelta(minutes=14, seconds=50))

    assert browser.get("/link/confirm").status_code == 200


def test_the_password_leads_back_to_the_page_and_nothing_is_confirmed_by_it(browser: Browser) -> None:
    type_code(browser)
    grow_old(browser, timedelta(hours=1))
    asked = decide(browser, "link")

    again = browser.post(asked["Location"], {"password": PASSWORD}, follow=True)

    assert again.redirect_chain[-1] == ("/link/confirm", 302)
    assert "Link account" in text_of(again)
    assert not AccountLink.objects.exists()
    decide(browser, "link")
    assert AccountLink.objects.count() == 1


def test_a_wrong_password_does_not_make_the_sign_in_recent(browser: Browser) -> None:
    type_code(browser)
    grow_old(browser, timedelta(hours=1))

    browser.post("/account/reauthenticate/?next=/link/confirm", {"password": "wrong"})

    assert browser.get("/link/confirm").status_code == 302


def test_a_sign_in_in_another_browser_does_not_make_this_one_recent(browser: Browser, account: User) -> None:
    type_code(browser)
    grow_old(browser, timedelta(hours=1))

    Browser().post("/account/login/", {"login": account.email, "password": PASSWORD})

    account.refresh_from_db()
    assert account.last_login is not None
    assert browser.get("/link/confirm").status_code == 302


def test_a_session_without_any_record_is_as_old_as_the_account(browser: Browser) -> None:
    type_code(browser)
    User.objects.update(date_joined=timezone.now() - timedelta(minutes=16))

    assert browser.get("/link/confirm").status_code == 302


def test_an_account_without_a_password_is_asked_too(browser: Browser, account: User) -> None:
    type_code(browser)
    account.set_unusable_password()
    account.save()
    browser.force_login(account)
    browser.get("/")
    grow_old(browser, timedelta(minutes=16))
    row, code = make_linking_code()
    browser.post("/link", {"code": code})

    response = decide(browser, "link")

    assert response["Location"] == "/account/reauthenticate/by-code/?next=%2Flink%2Fconfirm"
    row.refresh_from_db()
    assert row.used_at is None


@pytest.mark.django_db(transaction=True)
def test_an_account_without_a_password_signs_in_again_by_code_and_confirms() -> None:
    account = make_user()
    account.set_unusable_password()
    account.save()
    browser = signed_in(account)
    grow_old(browser, timedelta(days=3))

    asked = browser.get("/link", follow=True)
    signed_out = browser.post("/account/logout/", {"next": asked.context["by_code_url"]})
    browser.post(signed_out["Location"], {"email": account.email, "next": "/link"})
    sent = code_in(mail.outbox[-1])
    back = browser.post("/account/login/code/confirm/?next=/link", {"code": sent, "next": "/link"})
    type_code(browser)
    decide(browser, "link")

    assert back["Location"] == "/link"
    assert AccountLink.objects.get().account == account
