"""Wrong passwords that strangers type do not shut the owner out of a known browser, which has a limit of its own."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.core.cache import cache
from django.db import DatabaseError, connections
from django.test import Client

from accounts.errors import TooManyPasswords
from accounts.models import AuditEntry, Counter, User
from accounts.services import end_other_browsers
from accounts.tests.builders import PASSWORD, let_counters_age, make_user
from accounts.tests.known_browsers import COOKIE, EMAIL, known_browser, with_cookie
from accounts.tests.signing_in import is_signed_in, sign_in
from accounts.tests.typing_codes import wait_to_reset

pytestmark = pytest.mark.django_db(transaction=True)
LOCKED = "Too many attempts."
AT_ONCE = 14


@pytest.fixture
def ada() -> User:
    """Whose account it is."""
    return make_user(EMAIL)


def strangers_lock_it() -> None:
    """Five wrong passwords, from five networks."""
    for number in range(5):
        Client(REMOTE_ADDR=f"198.51.100.{number}").post("/account/login/", {"login": EMAIL, "password": "wrong"})


def guess(browser: Client, guesses: int) -> int:
    """Type wrong passwords, while the cache forgets what allauth counts in it; how many of them were compared."""
    before = compared()
    for _ in range(guesses):
        cache.clear()
        sign_in(browser, password="wrong")
    return compared() - before


def compared() -> int:
    """How many wrong passwords somebody looked at."""
    return AuditEntry.objects.filter(reason="wrong_password").count()


def refused() -> int:
    """How many were turned away without a look."""
    return AuditEntry.objects.filter(reason=TooManyPasswords.reason).count()


# --- The owner --------------------------------------------------------------------------------------------------------


def test_strangers_do_not_shut_out_a_browser_that_was_signed_in(ada: User) -> None:
    owner, elsewhere = known_browser(), Client()

    strangers_lock_it()

    assert LOCKED in sign_in(elsewhere).content.decode()
    assert not is_signed_in(elsewhere)
    sign_in(owner)
    assert is_signed_in(owner)


def test_not_for_as_long_as_they_like_either(ada: User) -> None:
    owner = known_browser()

    for _ in range(4):
        strangers_lock_it()
        sign_in(owner)
        assert is_signed_in(owner)
        owner.post("/account/logout/")
        let_counters_age(timedelta(minutes=5))


def test_nor_do_they_keep_who_is_signed_in_from_showing_who_they_are(ada: User) -> None:
    owner = Client()
    sign_in(owner)

    strangers_lock_it()

    assert owner.post("/account/reauthenticate/?next=/link", {"password": PASSWORD})["Location"] == "/link"
    change = {"oldpassword": PASSWORD, "password1": "another-long-one-77"}
    assert owner.post("/account/password/change/", change).status_code == 302


def test_what_is_right_is_not_counted(ada: User) -> None:
    owner = known_browser()

    for _ in range(12):
        cache.clear()
        sign_in(owner)
        assert is_signed_in(owner)
        owner.post("/account/logout/")

    assert set(Counter.objects.filter(key__startswith="guess:password:").values_list("count", flat=True)) == {0}


def test_a_reset_password_works_at_once_where_strangers_locked_it(ada: User) -> None:
    """allauth forgets the wrong ones after a reset: those of strangers, in whichever browser it was done."""
    waiting = wait_to_reset()
    strangers_lock_it()

    waiting.type(waiting.code)
    waiting.browser.post("/account/password/reset/complete/", {"password1": "another-long-one-77"})

    elsewhere = Client()
    sign_in(elsewhere, password="another-long-one-77")
    assert is_signed_in(elsewhere)


def test_a_restart_forgets_nothing(ada: User) -> None:
    strangers_lock_it()
    cache.clear()

    sign_in(Client())

    assert compared() == 5
    assert not any("example" in key for key in Counter.objects.values_list("key", flat=True))
    let_counters_age(timedelta(minutes=5))
    browser = Client()
    sign_in(browser)
    assert is_signed_in(browser)


# --- Whoever has a cookie that is not theirs --------------------------------------------------------------------------


def test_a_stolen_one_is_worth_ten_guesses_an_hour_and_takes_none_from_the_owner(ada: User) -> None:
    owner, robbed = known_browser(), known_browser()
    thief = with_cookie(robbed.cookies[COOKIE].value)

    assert guess(thief, 13) == 10
    assert refused() == 3

    response = sign_in(thief)
    assert str(TooManyPasswords.description) in response.content.decode()
    assert not is_signed_in(thief)
    sign_in(owner)
    assert is_signed_in(owner)
    let_counters_age(timedelta(hours=1))
    assert guess(thief, 1) == 1


def test_many_stolen_ones_are_worth_thirty_together(ada: User) -> None:
    thieves = [known_browser() for _ in range(4)]

    assert [guess(thief, 11) for thief in thieves] == [10, 10, 10, 0]


def test_cookies_of_own_accounts_are_worth_nothing_at_another(ada: User) -> None:
    make_user("mallory@example.com")
    mallory = known_browser("mallory@example.com")
    strangers_lock_it()

    sign_in(mallory)

    assert not is_signed_in(mallory)


def _change_password(ada: User) -> None:
    ada.set_password(PASSWORD)
    ada.save()


def _sign_out_everywhere(ada: User) -> None:
    end_other_browsers(account=ada, session_key=None, address=None)


@pytest.mark.parametrize("end", [_change_password, _sign_out_everywhere])
def test_it_is_void_after_what_shuts_a_stranger_out(ada: User, end: Callable[[User], None]) -> None:
    thief = known_browser()
    end(ada)
    strangers_lock_it()

    sign_in(thief)

    assert not is_signed_in(thief)


@pytest.mark.postgres
@pytest.mark.parametrize(("is_known", "limit"), [(True, 10), (False, 5)])
def test_of_many_guesses_at_once_no_more_are_compared(ada: User, settings: Any, is_known: bool, limit: int) -> None:
    # allauth's own limit, for a network, would be met first.
    settings.ACCOUNT_RATE_LIMITS = {"login_failed": ""}
    cookie = known_browser().cookies[COOKIE].value if is_known else ""
    barrier = Barrier(AT_ONCE)

    def type_wrong(_: int) -> None:
        try:
            barrier.wait(20)
            sign_in(with_cookie(cookie), password="wrong")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(type_wrong, range(AT_ONCE)))

    assert compared() == limit
    assert refused() == (AT_ONCE - limit if is_known else 0)


@pytest.mark.parametrize("is_known", [True, False])
def test_counters_that_cannot_be_written_refuse_everybody(
    ada: User, is_known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = known_browser() if is_known else Client()

    def fail(*args: object, **kwargs: object) -> None:
        raise DatabaseError

    monkeypatch.setattr("accounts.counters.take", fail)

    with pytest.raises(DatabaseError):
        sign_in(owner)

    assert not is_signed_in(owner)
