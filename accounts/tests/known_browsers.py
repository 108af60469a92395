"""Browsers in which somebody was signed in, and strangers who use up what an address has, for tests."""

from __future__ import annotations

from django.core import mail
from django.core.cache import cache
from django.test import Client

from accounts.models import AuditEntry
from accounts.tests.mails import code_in
from accounts.tests.signing_in import is_signed_in, sign_in

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
