"""Whoever has the password alone does not keep the owner from the second step, now or once they changed it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.core.cache import cache
from django.test import Client

from accounts.audit import AccountAction
from accounts.models import AuditEntry, User
from accounts.tests.builders import PASSWORD, let_counters_age, make_user
from accounts.tests.known_browsers import COOKIE, EMAIL
from accounts.tests.second_factors import code_of, make_app
from accounts.tests.signing_in import SECOND_STEP, is_signed_in, sign_in

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ada() -> User:
    """Ada, who has an app and recovery codes."""
    ada = make_user(EMAIL)
    make_app(ada)
    RecoveryCodes.activate(ada)
    return ada


def known_browser(ada: User) -> Client:
    """A browser in which Ada was signed in before."""
    browser = Client()
    browser.force_login(ada)
    browser.get("/account/profile/")
    browser.post("/account/logout/")
    assert COOKIE in browser.cookies
    return browser


def guess(browser: Client, guesses: int, password: str = PASSWORD) -> int:
    """Type the password and wrong codes, while the cache forgets what allauth counts in it; how many were compared."""
    before = compared()
    for _ in range(guesses):
        cache.clear()
        sign_in(browser, password=password)
        browser.post(SECOND_STEP, {"code": "000000"})
    cache.clear()
    return compared() - before


def compared() -> int:
    """How many wrong codes somebody looked at."""
    return AuditEntry.objects.filter(action=AccountAction.FACTOR_REFUSED).count()


def gets_in(browser: Client, *, password: str = PASSWORD, code: str = "") -> bool:
    """Whether the password and what the app shows are enough."""
    sign_in(browser, password=password)
    browser.post(SECOND_STEP, {"code": code or code_of()})
    return is_signed_in(browser)


def test_the_password_alone_shuts_nobody_out_of_a_known_browser(ada: User) -> None:
    owner = known_browser(ada)
    assert guess(Client(), 11) == 10

    assert not gets_in(Client())
    assert gets_in(owner, code=RecoveryCodes.activate(ada).generate_codes()[0])


def test_nor_do_wrong_passkeys_whatever_the_cache_remembers(ada: User) -> None:
    """Upstream refused a sixth code or passkey within five minutes, for as long as somebody went on."""
    owner, thief = known_browser(ada), Client(REMOTE_ADDR="198.51.100.1")
    sign_in(thief)
    for number in range(40):
        thief.post(SECOND_STEP, {"credential": '{"id": "x"}'}, REMOTE_ADDR=f"198.51.100.{number}")

    assert gets_in(owner)
    assert compared() == 30


def test_nor_anybody_once_it_was_changed(ada: User) -> None:
    """A reset password: no browser is known any more."""
    for _ in range(3):
        guess(Client(), 10)
        let_counters_age(timedelta(hours=1))
    ada.set_password("another-long-one-77")
    ada.save()

    assert gets_in(Client(), password="another-long-one-77")


def test_whoever_can_change_it_gets_sixty_guesses_a_day(ada: User) -> None:
    """As often as they like: they read the mailbox."""
    total = 0
    for number in range(7):
        ada.set_password(f"another-long-one-{number}")
        ada.save()
        total += guess(Client(), 11, f"another-long-one-{number}")

    assert total == 60


def test_a_stolen_cookie_and_the_password_are_worth_fifteen_a_day_and_take_none_from_the_owner(ada: User) -> None:
    owner, thief = known_browser(ada), known_browser(ada)

    first = guess(thief, 11)
    let_counters_age(timedelta(hours=1))

    assert (first, guess(thief, 11)) == (10, 5)
    assert not gets_in(thief)
    assert gets_in(owner)


def test_many_stolen_ones_are_worth_forty_five_together(ada: User) -> None:
    thieves = [known_browser(ada) for _ in range(6)]

    assert sum(guess(thief, 11) for thief in thieves) == 45


def test_a_cookie_of_another_account_is_worth_nothing(ada: User) -> None:
    mallory = known_browser(make_user("mallory@example.com"))
    guess(Client(), 10)

    assert guess(mallory, 2) == 0
