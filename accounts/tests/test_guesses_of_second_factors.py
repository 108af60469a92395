"""A guess at a code of an app, or at a recovery code, is counted before it is compared, in the database."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from http.cookies import SimpleCookie
from threading import Barrier
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.core.cache import cache
from django.db import DatabaseError, connections
from django.test import Client

from accounts.audit import AccountAction
from accounts.models import AuditEntry, Counter, User
from accounts.tests.builders import PASSWORD, let_counters_age, make_user
from accounts.tests.second_factors import code_of, make_app

pytestmark = pytest.mark.django_db(transaction=True)
SECOND_STEP = "/account/login/second-step/"
REAUTHENTICATE = "/account/reauthenticate/code/"
AT_ONCE = 14


@pytest.fixture(params=[SECOND_STEP, REAUTHENTICATE])
def page(request: pytest.FixtureRequest) -> str:
    """Where such a code is typed."""
    return str(request.param)


@pytest.fixture
def ada() -> User:
    """Ada, who has an app and recovery codes."""
    ada = make_user()
    make_app(ada)
    RecoveryCodes.activate(ada)
    return ada


@pytest.fixture
def browser(ada: User, page: str) -> Client:
    """Hers, or that of somebody who knows her password or has her session, and not her phone."""
    browser = Client(raise_request_exception=False)
    if page == REAUTHENTICATE:
        browser.force_login(ada)
        # From here on it is known, and counts for itself.
        browser.get("/account/profile/")
    else:
        browser.post("/account/login/", {"login": ada.email, "password": PASSWORD})
    return browser


def guess(browser: Client, page: str, times: int) -> None:
    """Type wrong codes, while the cache forgets what allauth counts in it."""
    for _ in range(times):
        cache.clear()
        browser.post(page, {"code": "wrong"})


def compared() -> int:
    """How many wrong codes were compared."""
    return AuditEntry.objects.filter(action=AccountAction.FACTOR_REFUSED).count()


def passes(browser: Client, page: str, code: str) -> bool:
    """Whether a code gets the browser further."""
    cache.clear()
    return bool(browser.post(page, {"code": code}).status_code == 302)


def test_ten_an_hour_are_compared_whatever_the_cache_remembers(ada: User, browser: Client, page: str) -> None:
    guess(browser, page, 12)

    assert compared() == 10
    assert not passes(browser, page, code_of())
    assert not passes(browser, page, RecoveryCodes.activate(ada).generate_codes()[0])
    assert "Too many wrong codes were typed." in browser.post(page, {"code": "wrong"}).content.decode()
    let_counters_age(timedelta(hours=1))
    assert passes(browser, page, code_of())


@pytest.mark.parametrize(("page", "a_day"), [(SECOND_STEP, 30), (REAUTHENTICATE, 15)])
def test_no_more_a_day_are_compared(browser: Client, page: str, a_day: int) -> None:
    """In a browser that nobody knows, and in one in which the account is signed in."""
    for _ in range(4):
        guess(browser, page, 10)
        let_counters_age(timedelta(hours=1))

    assert compared() == a_day
    assert not passes(browser, page, code_of())
    let_counters_age(timedelta(days=1))
    assert passes(browser, page, code_of())


def test_signing_in_anew_gives_no_more_guesses(ada: User) -> None:
    for _ in range(4):
        browser = Client()
        browser.post("/account/login/", {"login": ada.email, "password": PASSWORD})
        guess(browser, SECOND_STEP, 3)

    assert compared() == 10


def test_a_right_code_counts_for_nothing_and_forgives_nothing(browser: Client, page: str) -> None:
    guess(browser, page, 2)

    assert passes(browser, page, code_of())
    assert set(Counter.objects.filter(key__startswith="guess:factor").values_list("count", flat=True)) == {2}


@pytest.mark.postgres
def test_of_many_guesses_at_once_ten_are_compared(browser: Client, page: str, settings: Any) -> None:
    # allauth's own limit would be met first.
    settings.ACCOUNT_RATE_LIMITS = {"login_failed": "", "reauthenticate": ""}
    barrier = Barrier(AT_ONCE)

    def type_wrong(_: int) -> None:
        same = Client(raise_request_exception=False)
        same.cookies = SimpleCookie({name: morsel.value for name, morsel in browser.cookies.items()})
        try:
            barrier.wait(20)
            same.post(page, {"code": "wrong"})
        finally:
            connections.close_all()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(type_wrong, range(AT_ONCE)))

    assert compared() == 10


@pytest.mark.postgres
def test_one_recovery_code_that_comes_many_times_at_once_works_once(ada: User) -> None:
    code = RecoveryCodes.activate(ada).generate_codes()[0]
    browsers = [Client(raise_request_exception=False) for _ in range(8)]
    for each in browsers:
        each.post("/account/login/", {"login": ada.email, "password": PASSWORD})
        cache.clear()
    barrier = Barrier(len(browsers))

    def type_it(each: Client) -> int:
        try:
            barrier.wait(20)
            return int(each.post(SECOND_STEP, {"code": code}).status_code)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(browsers)) as pool:
        statuses = list(pool.map(type_it, browsers))

    assert statuses.count(302) == 1
    used = Authenticator.objects.get(user=ada, type="recovery_codes").data["used_mask"]
    assert used.bit_count() == 1


def test_counters_that_cannot_be_written_refuse_everybody(
    browser: Client, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise DatabaseError

    monkeypatch.setattr("accounts.counters.take", fail)

    assert browser.post(page, {"code": code_of()}).status_code == 500
