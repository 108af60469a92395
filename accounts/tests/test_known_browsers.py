"""The cookie of a browser in which an account was signed in (OWASP, Device Cookies): strangers cannot shut it out.

Nobody gains by it: it is worth no sign-in, counts for its own account only, and ends with the password.
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
from accounts.models import AuditEntry, BrowserSession, Counter, User
from accounts.services import change_email
from accounts.tests.builders import PASSWORD, make_guest, make_user
from accounts.tests.mails import code_in
from accounts.tests.second_factors import make_app
from accounts.tests.signing_in import sign_in

pytestmark = pytest.mark.django_db(transaction=True)
EMAIL, COOKIE = "ada@example.com", "dexter_browser"
SIGN_IN, RESET = "/account/login/code/", "/account/password/reset/"


def ask(browser: Client, page: str = SIGN_IN, email: str = EMAIL) -> None:
    """Ask for a code; the limits by network are not what this is about."""
    cache.clear()
    browser.post(page, {"email": email})


def known_browser(email: str = EMAIL) -> Client:
    """A browser in which somebody was signed in before."""
    browser = Client()
    sign_in(browser, email)
    browser.post("/account/logout/")
    assert COOKIE in browser.cookies
    return browser


def with_cookie(value: str) -> Client:
    """A browser that has nothing but this."""
    browser = Client()
    browser.cookies[COOKIE] = value
    return browser


def is_signed_in(browser: Client) -> bool:
    """Whether it worked."""
    return "_auth_user_id" in browser.session


def guess_wrong(browser: Client, guesses: int) -> int:
    """Type wrong codes, asking for a new one whenever it takes one; how many of them were compared."""
    before = compared()
    for number in range(guesses):
        if number % 3 == 0:
            ask(browser)
        browser.post(f"{SIGN_IN}confirm/", {"code": f"{number:09d}"})
    return compared() - before


def compared() -> int:
    """How many wrong codes somebody looked at."""
    return AuditEntry.objects.filter(reason="wrong_code").count()


def sign_in_by_code(browser: Client) -> bool:
    """Ask for a code and type the newest that arrived."""
    mail.outbox.clear()
    ask(browser)
    if not mail.outbox:
        return False
    browser.post(f"{SIGN_IN}confirm/", {"code": code_in(mail.outbox[-1])})
    return is_signed_in(browser)


def let_strangers_use_everything_up() -> None:
    """Sixteen guesses and more requests than an hour has, from browsers that nobody knows."""
    guess_wrong(Client(), 16)
    for _ in range(8):
        ask(Client())


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


# --- The attacker -----------------------------------------------------------------------------------------------------


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
    change_email(account=ada, email="new@example.com", actor=ada, address=None)
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
