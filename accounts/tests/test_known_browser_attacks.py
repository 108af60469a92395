"""Nobody gains by the cookie of a known browser: it is worth no sign-in, and counts for its own account only.

It ends with what shuts a stranger out: a changed password, and a sign-out from afar.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail, signing
from django.test import Client

from accounts.known_browsers import COOKIE_SALT
from accounts.models import BrowserSession, User
from accounts.services import change_email
from accounts.tests.builders import PASSWORD, make_user
from accounts.tests.known_browsers import (
    COOKIE,
    EMAIL,
    ask,
    guess_wrong,
    known_browser,
    let_strangers_use_everything_up,
    sign_in_by_code,
    with_cookie,
)
from accounts.tests.signing_in import is_signed_in, sign_in

pytestmark = pytest.mark.django_db(transaction=True)


def test_it_signs_nobody_in_and_shows_nothing() -> None:
    make_user(EMAIL)
    thief = with_cookie(known_browser().cookies[COOKIE].value)

    assert thief.get("/account/profile/").status_code == 302
    assert not is_signed_in(thief)


def test_cookies_of_own_accounts_are_worth_no_guess_at_another() -> None:
    make_user(EMAIL)
    attackers = []
    for number in range(4):
        make_user(f"mallory{number}@example.com")
        attackers.append(known_browser(f"mallory{number}@example.com"))

    assert sum(guess_wrong(browser, 12) for browser in attackers) == 10


def test_it_counts_for_the_account_that_it_names_even_if_another_has_the_same_password_hash() -> None:
    ada, mallory = make_user(EMAIL), make_user("mallory@example.com")
    User.objects.filter(pk=mallory.pk).update(password=ada.password)
    browser = known_browser("mallory@example.com")
    let_strangers_use_everything_up()

    assert not sign_in_by_code(browser)


def test_cookies_of_own_accounts_are_worth_no_mail_to_another() -> None:
    make_user(EMAIL)
    for number in range(4):
        make_user(f"mallory{number}@example.com")
        browser = known_browser(f"mallory{number}@example.com")
        for _ in range(4):
            ask(browser)

    assert sum(message.to == [EMAIL] for message in mail.outbox) == 6


def test_a_stolen_one_is_worth_ten_guesses_and_takes_none_from_the_owner() -> None:
    make_user(EMAIL)
    owner, robbed = known_browser(), known_browser()
    thief = with_cookie(robbed.cookies[COOKIE].value)

    assert guess_wrong(thief, 16) == 10

    assert sign_in_by_code(owner)


def test_many_stolen_ones_are_worth_thirty_guesses_together() -> None:
    make_user(EMAIL)
    thieves = [known_browser() for _ in range(5)]

    assert [guess_wrong(thief, 12) for thief in thieves] == [10, 10, 10, 0, 0]


def test_many_stolen_ones_are_worth_forty_mails_a_day() -> None:
    make_user(EMAIL)
    thieves = [known_browser() for _ in range(8)]

    for thief in thieves:
        for _ in range(7):
            ask(thief)

    assert len(mail.outbox) == 40


def _changed_by_hand(value: str) -> str:
    payload, rest = value.split(":", 1)
    return f"{payload[:-2]}{'AA' if payload[-2:] != 'AA' else 'BB'}:{rest}"


@pytest.mark.parametrize("forge", [_changed_by_hand, lambda value: value[:-1], lambda _: "", lambda _: "x:y:z\x00"])
def test_a_forged_one_counts_with_everybody_else(forge: Any) -> None:
    make_user(EMAIL)
    value = known_browser().cookies[COOKIE].value
    let_strangers_use_everything_up()

    assert not sign_in_by_code(with_cookie(forge(value)))


def test_what_was_signed_for_something_else_is_not_one() -> None:
    make_user(EMAIL)
    content = signing.loads(known_browser().cookies[COOKIE].value, salt=COOKIE_SALT)
    let_strangers_use_everything_up()

    assert not sign_in_by_code(with_cookie(signing.dumps(content, salt="accounts.guests.cookie")))


def _change_password(ada: User) -> None:
    ada.set_password("another-long-one-77")
    ada.save()


def _sign_out_everywhere_else(ada: User) -> None:
    # In no browser is anybody signed in: the cookie outlives that.
    BrowserSession.objects.all().delete()
    browser = Client()
    browser.force_login(ada)
    browser.post("/account/browsers/end-others")


def _sign_out_in_one_browser(ada: User) -> None:
    sign_in(Client())
    browser = Client()
    browser.force_login(ada)
    browser.get("/account/profile/")
    row = BrowserSession.objects.exclude(session_id=browser.session.session_key).latest("signed_in_at")
    assert browser.post(f"/account/browsers/{row.pk}/end").status_code == 302


def _change_email(ada: User) -> None:
    """Somebody else may have the address next."""
    change_email(account=ada, email="new@example.com", actor=ada, address=None, session_key=None)
    make_user(EMAIL)


@pytest.mark.parametrize("end", [_change_password, _sign_out_everywhere_else, _sign_out_in_one_browser, _change_email])
def test_it_is_void_after_what_shuts_a_stranger_out(end: Any) -> None:
    ada = make_user(EMAIL)
    thief = known_browser()
    end(ada)
    let_strangers_use_everything_up()

    assert not sign_in_by_code(thief)


def test_it_is_void_after_a_year(monkeypatch: pytest.MonkeyPatch) -> None:
    make_user(EMAIL)
    old = known_browser()
    now = time.time()
    monkeypatch.setattr("django.core.signing.time.time", lambda: now + timedelta(days=366).total_seconds())
    let_strangers_use_everything_up()

    assert not sign_in_by_code(old)


def test_whoever_was_in_before_the_address_was_proven_keeps_none(settings: Any) -> None:
    """Where no confirmation is asked for anybody can sign up with another person's address, and wait."""
    settings.ACCOUNT_EMAIL_VERIFICATION = "none"
    squatter = Client()
    squatter.post("/account/signup/", {"email": EMAIL, "password1": PASSWORD})
    assert COOKIE in squatter.cookies
    stolen = squatter.cookies[COOKIE].value
    assert sign_in_by_code(Client())
    let_strangers_use_everything_up()

    assert not sign_in_by_code(with_cookie(stolen))
