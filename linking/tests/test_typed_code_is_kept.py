"""What was typed stays when a sign-in or a form turns out to be too old, and links nothing by itself."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from django.core import mail
from django.test import Client as Browser

from accounts.models import Counter, User
from accounts.tests.builders import PASSWORD, make_guest, make_user
from accounts.tests.mails import code_in
from linking.codes import LONGEST_TYPED
from linking.models import AccountLink, LinkingCode
from linking.tests.browsing import answer_about, decide, grow_old, signed_in
from linking.tests.builders import make_linking_code, make_offered_code
from oauth.tests.builders import make_session

pytestmark = pytest.mark.django_db


def test_a_code_typed_without_a_sign_in_is_in_the_field_after_it_once() -> None:
    make_user()
    row, code = make_linking_code()
    browser = Browser()

    asked = browser.post("/link", {"code": code})
    browser.post(asked["Location"], {"login": "ada@example.com", "password": PASSWORD, "next": "/link"})
    page, again = browser.get("/link").content.decode(), browser.get("/link").content.decode()

    assert f'value="{code}"' in page
    assert code not in again
    row.refresh_from_db()
    assert row.used_at is None
    # The right password was counted, and taken back.
    assert not Counter.objects.exclude(count=0).exists()
    assert not AccountLink.objects.exists()


def test_confirming_after_the_session_ended_elsewhere_links_nothing_and_keeps_the_code() -> None:
    account = make_user()
    _, code = make_linking_code()
    browser = Browser()
    browser.force_login(account)
    browser.post("/link", {"code": code})
    browser.logout()

    asked = browser.post("/link/confirm", {"decision": "link", "code": code})
    asked_page = browser.get(asked["Location"]).content.decode()
    back = browser.post(
        asked["Location"], {"login": account.email, "password": PASSWORD, "next": "/link/confirm"}, follow=True
    )

    assert back.redirect_chain[-1] == ("/link", 302)
    page = back.content.decode()
    assert "You were signed out meanwhile, and nothing was changed." in asked_page
    assert "Type the code first." not in page
    assert f'value="{code}"' in page
    assert not AccountLink.objects.exists()


@pytest.fixture
def without_password() -> User:
    """An account whose owner signs in by e-mailed code."""
    account = make_user()
    account.set_unusable_password()
    account.save()
    return account


def stand_before_the_question(account: User) -> tuple[Browser, str]:
    """A code typed, and the sign-in grown old before it was decided about."""
    browser = signed_in(account)
    _, code = make_linking_code()
    browser.post("/link", {"code": code})
    grow_old(browser, timedelta(minutes=16))
    return browser, code


@pytest.mark.django_db(transaction=True)
def test_whoever_has_no_password_finds_the_code_again_after_signing_in_by_mail(without_password: User) -> None:
    """The sign-in grew old between the two pages, and to sign in again they are signed out."""
    browser, code = stand_before_the_question(without_password)
    row = LinkingCode.objects.get()
    asked = browser.post("/link/confirm", {**answer_about(row.pk), "code": code}, follow=True)
    page = re.search(r'<form method="post" action="/account/logout/">.*?</form>', asked.content.decode(), re.DOTALL)
    assert page
    form = dict(re.findall(r'name="(next|comes_back)" value="([^"]*)"', page[0]))

    signed_out = browser.post("/account/logout/", {**form, "next": unescape(form["next"])})
    browser.post(signed_out["Location"], {"email": without_password.email, "next": "/link/confirm"})
    back = browser.post(
        "/account/login/code/confirm/?next=/link/confirm",
        {"code": code_in(mail.outbox[-1]), "next": "/link/confirm"},
        follow=True,
    )

    assert back.redirect_chain[-1] == ("/link", 302)
    assert f'value="{code}"' in back.content.decode()
    row.refresh_from_db()
    assert row.used_at is None


def test_whoever_just_signs_out_leaves_no_code_behind(without_password: User) -> None:
    browser, code = stand_before_the_question(without_password)
    browser.get("/link/confirm")

    browser.post("/account/logout/", {"next": "/link"})

    assert browser.session.is_empty()
    browser.force_login(make_user("bob@example.com"))
    assert code not in browser.get("/link").content.decode()


def another_account(page: str) -> dict[str, str]:
    """What *Use another account* sends."""
    form = re.search(r'<form method="post" action="/account/logout/">.*?</form>', page, re.DOTALL)
    assert form
    return dict(re.findall(r'<input type="hidden" name="(next|comes_back|typed)" value="([^"]*)"', form[0]))


def test_whoever_uses_another_account_finds_the_code_again_in_it() -> None:
    """They noticed in time that it is the wrong account; the code only fills a field."""
    browser, bob = signed_in(make_user()), make_user("bob@example.com")
    row, code = make_linking_code()
    browser.post("/link", {"code": code})

    left = browser.post("/account/logout/", another_account(browser.get("/link/confirm").content.decode()))
    asked = browser.get(left["Location"], follow=True)
    browser.post("/account/login/", {"login": bob.email, "password": PASSWORD, "next": "/link"})

    assert "Your code is kept until then." in asked.content.decode()
    assert f'value="{code}"' in browser.get("/link").content.decode()
    row.refresh_from_db()
    assert row.used_at is None
    assert not AccountLink.objects.exists()


def test_a_code_that_was_made_here_goes_with_nobody_to_another_account() -> None:
    """It links the account that made it, and no other."""
    account = make_user()
    make_offered_code(account, session=make_session(make_guest()))

    assert another_account(signed_in(account).get("/link/code").content.decode()) == {"next": "/link"}


def test_signing_out_keeps_no_more_than_a_code_needs() -> None:
    browser = signed_in(make_user())

    browser.post("/account/logout/", {"next": "/link", "comes_back": "yes", "typed": "A" * 10_000})

    assert browser.session["typed"] == "A" * LONGEST_TYPED


def test_a_code_that_was_decided_about_is_in_no_field_afterwards() -> None:
    account = make_user()
    browser, code = stand_before_the_question(account)
    asked = decide(browser, "link")

    browser.post(asked["Location"], {"password": PASSWORD})
    decide(browser, "link")

    assert AccountLink.objects.exists()
    assert code not in browser.get("/link").content.decode()


def test_only_so_much_is_kept_and_never_as_markup() -> None:
    make_user()
    browser = Browser()

    browser.post("/link", {"code": "<b>" + "A" * 10_000})
    browser.post("/account/login/", {"login": "ada@example.com", "password": PASSWORD})
    page = browser.get("/link").content.decode()

    assert "&lt;b&gt;" + "A" * (LONGEST_TYPED - 3) + '"' in page
    assert "<b>A" not in page


def test_a_form_that_is_too_old_leads_back_with_what_was_typed() -> None:
    browser = Browser(enforce_csrf_checks=True)
    browser.force_login(make_user())

    response = browser.post("/link", {"code": 'ABC-234"><script>'})

    assert response.status_code == 403
    assert 'href="/link#code=ABC-234%22%3E%3Cscript%3E"' in response.content.decode()
    assert not Counter.objects.exists()


def test_a_form_that_is_too_old_shows_the_code_for_whoever_runs_no_scripts() -> None:
    """Behind the # only a script reads it."""
    browser = Browser(enforce_csrf_checks=True)
    browser.force_login(make_user())
    sentence = "Here is the code that you asked me for, please type it in on the page for linking: abc-234"
    assert 64 < len(sentence) < LONGEST_TYPED

    page = browser.post("/link", {"code": sentence}).content.decode()

    assert '<p class="code">ABC-234</p>' in page
    assert "linking%3A%20abc-234" in page


@pytest.mark.parametrize("typed", ["Call +1 555 0100 at once!", "A" * 10_000, "\x00", ""])
def test_the_page_of_a_form_that_is_too_old_says_nothing_that_another_site_made_up(typed: str) -> None:
    browser = Browser(enforce_csrf_checks=True)
    browser.force_login(make_user())

    page = browser.post("/link", {"code": typed}, headers={"origin": "https://evil.example"}).content.decode()

    assert "The form had this code in it" not in page
    assert "555 0100" not in page


def test_a_form_about_a_code_that_was_made_here_leads_back_to_it() -> None:
    browser = Browser(enforce_csrf_checks=True)
    browser.force_login(make_user())

    refused = browser.post("/link/code", {"decision": "new"})

    assert refused.status_code == 403
    assert '<a class="button button-primary button-wide" href="/link/code">' in refused.content.decode()
    assert not LinkingCode.objects.exists()


def test_what_cannot_be_a_code_is_told_what_one_looks_like() -> None:
    browser = Browser()
    browser.force_login(make_user())

    impossible = browser.post("/link", {"code": "1O1-0I0"}).content.decode()
    unknown = browser.post("/link", {"code": "AAA-AAA"}).content.decode()

    assert "There is no I, O, 0 or 1 in it." in impossible
    assert "There is no I, O, 0 or 1 in it." not in unknown


def test_the_page_has_a_qr_code_of_itself() -> None:
    browser = Browser()
    browser.force_login(make_user())

    page = browser.get("/link").content.decode()

    assert 'aria-label="QR code of http://localhost:8000/link"' in page
