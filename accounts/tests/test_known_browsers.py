"""The cookie of a browser in which an account was signed in (OWASP, Device Cookies): strangers cannot shut it out.

What an attacker can do with one is in `test_known_browser_attacks`.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail, signing
from django.core.cache import cache
from django.test import Client

from accounts.known_browsers import COOKIE_SALT
from accounts.models import Counter
from accounts.tests.builders import PASSWORD, make_guest, make_user
from accounts.tests.known_browsers import (
    COOKIE,
    EMAIL,
    RESET,
    SIGN_IN,
    ask,
    known_browser,
    let_strangers_use_everything_up,
    sign_in_by_code,
)
from accounts.tests.mails import code_in
from accounts.tests.second_factors import make_app
from accounts.tests.signing_in import sign_in

pytestmark = pytest.mark.django_db(transaction=True)


# --- The owner --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("password", [PASSWORD, None])
def test_strangers_do_not_shut_out_a_browser_that_was_signed_in(password: str | None) -> None:
    ada = make_user(EMAIL)
    browser = known_browser()
    if password is None:
        ada.set_unusable_password()
        ada.save()
        browser = Client()
        assert sign_in_by_code(browser)
        browser.post("/account/logout/")
    let_strangers_use_everything_up()

    assert not sign_in_by_code(Client())
    assert sign_in_by_code(browser)


def test_its_owner_can_reset_the_password_too() -> None:
    make_user(EMAIL)
    browser = known_browser()
    let_strangers_use_everything_up()

    ask(browser, RESET)
    browser.post(f"{RESET}confirm/", {"code": code_in(mail.outbox[-1])})

    assert browser.get(f"{RESET}complete/").status_code == 200


@pytest.mark.parametrize("page", [SIGN_IN, RESET])
def test_nobody_keeps_the_owner_from_asking_by_asking_all_the_time(page: str) -> None:
    """Upstream limits requests by address in the cache, three or five a minute, whoever makes them."""
    make_user(EMAIL)
    browser = known_browser()
    cache.clear()
    for number in range(12):
        Client(REMOTE_ADDR=f"192.0.2.{number}").post(page, {"email": EMAIL})
    mail.outbox.clear()

    browser.post(page, {"email": EMAIL})

    assert [message.to for message in mail.outbox] == [[EMAIL]]


def test_a_browser_that_stays_signed_in_is_known_again_after_the_others_were_signed_out() -> None:
    make_user(EMAIL)
    browser, other = Client(), known_browser()
    sign_in(browser)
    first = browser.cookies[COOKIE].value

    browser.post("/account/browsers/end-others", follow=True)
    browser.post("/account/logout/")

    assert browser.cookies[COOKIE].value != first
    let_strangers_use_everything_up()
    assert not sign_in_by_code(other)
    assert sign_in_by_code(browser)


def test_what_is_right_is_not_counted() -> None:
    make_user(EMAIL)
    browser = known_browser()

    for _ in range(4):
        assert sign_in_by_code(browser)
        browser.post("/account/logout/")

    assert set(Counter.objects.filter(key__startswith="guess:known:").values_list("count", flat=True)) == {0}


# --- The cookie -------------------------------------------------------------------------------------------------------


def test_it_names_no_address_and_goes_only_where_codes_are_typed() -> None:
    ada = make_user(EMAIL)

    cookie = known_browser().cookies[COOKIE]

    assert (cookie["path"], cookie["samesite"], cookie["httponly"]) == ("/account/", "Lax", True)
    content = signing.loads(cookie.value, salt=COOKIE_SALT)
    assert content["account"] == ada.subject
    assert set(content) == {"account", "id", "stamp"}


def test_over_https_it_is_secure(settings: Any) -> None:
    settings.SESSION_COOKIE_SECURE = True
    make_user(EMAIL)
    browser = Client()

    sign_in(browser)

    assert browser.cookies["__Secure-dexter_browser"]["secure"]


def test_it_is_set_once_and_renewed_before_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    make_user(EMAIL)
    browser = Client()
    sign_in(browser)
    assert COOKIE not in browser.get("/account/profile/").cookies

    now = time.time()
    monkeypatch.setattr("django.core.signing.time.time", lambda: now + timedelta(days=31).total_seconds())

    assert COOKIE in browser.get("/account/profile/").cookies


@pytest.mark.parametrize("page", ["/", "/link", "/account/login/"])
def test_nobody_who_is_not_signed_in_gets_one(page: str) -> None:
    assert COOKIE not in Client().get(page).cookies


def test_whoever_only_asked_for_a_code_or_gave_a_wrong_password_gets_none() -> None:
    make_user(EMAIL)
    browser = Client()

    ask(browser)
    browser.post(f"{SIGN_IN}confirm/", {"code": "00000000"})
    sign_in(browser, password="wrong")

    assert COOKIE not in browser.cookies


def test_the_second_step_comes_first() -> None:
    make_app(make_user(EMAIL))
    browser = Client()

    sign_in(browser)

    assert COOKIE not in browser.cookies


def test_a_guest_is_nobodys_browser() -> None:
    guest = make_guest()
    browser = Client()
    browser.force_login(guest)

    assert COOKIE not in browser.get("/account/profile/").cookies


# --- What is said -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", [SIGN_IN, RESET])
def test_the_page_claims_nothing_that_may_not_be_so_and_is_the_same_for_every_address(page: str) -> None:
    make_user(EMAIL)

    def said(email: str) -> str:
        browser = Client()
        ask(browser, page, email)
        text = " ".join(browser.get(f"{page}confirm/").content.decode().split())
        start = text.index("<h1>")
        return text[start : text.index("<form", start)].replace(email, "EMAIL")

    first = said(EMAIL)
    for _ in range(8):
        ask(Client(), page)

    assert "We sent" not in first and "unless too many were sent there already" in first
    assert said(EMAIL) == said("nobody@example.com") == first
