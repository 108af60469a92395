"""Wrong codes at every door: `/link`, and the API's preview (design §7, wrong guesses)."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser

from accounts.models import AuditEntry, Counter, User
from accounts.tests.builders import make_counter, make_user
from linking.audit import LinkingAction
from linking.services.guesses import SITE_KEY, address_key, typer_key
from linking.tests.browsing import signed_in
from linking.tests.builders import make_linking_code, pass_time

pytestmark = pytest.mark.django_db

WRONG = "AAA-AAA"


def at_the_page(browser: Browser, code: str, **request: Any) -> Any:
    """Type a code at `/link`."""
    return browser.post("/link", {"code": code}, **request)


def through_the_api(browser: Browser, code: str, **request: Any) -> Any:
    """Have a code previewed."""
    return browser.post("/api/link/preview", json.dumps({"code": code}), content_type="application/json", **request)


@dataclass(frozen=True)
class Door:
    """Where codes are typed. `request` is what whoever types cannot choose, such as their address."""

    send: Callable[..., Any]

    def type_wrong(self, browser: Browser, times: int, **request: Any) -> None:
        """Type a wrong code so often that it is compared each time."""
        for _ in range(times):
            assert self.send(browser, WRONG, **request).status_code == 400

    def opens(self, browser: Browser, code: str, **request: Any) -> bool:
        """Whether a code leads on to what it would do."""
        return self.send(browser, code, **request).status_code in (200, 302)

    def wait(self, browser: Browser, code: str = WRONG, **request: Any) -> timedelta:
        """For how long whoever types is told to wait, because typing is locked."""
        locked = self.send(browser, code, **request)
        assert locked.status_code == 429
        return timedelta(seconds=int(locked["Retry-After"]))


@pytest.fixture(params=[at_the_page, through_the_api], ids=["page", "api"])
def door(request: pytest.FixtureRequest) -> Door:
    """Each door in turn."""
    return Door(request.param)


def test_the_lock_is_for_fifteen_minutes_and_for_the_right_code_as_well(
    door: Door, browser: Browser, account: User
) -> None:
    _, code = make_linking_code()
    door.type_wrong(browser, 5)

    assert timedelta(minutes=14) < door.wait(browser, code) <= timedelta(minutes=15)

    assert not {"linking_api_preview", "linking_pending_code"} & set(browser.session.keys())
    assert not AuditEntry.objects.filter(action=LinkingAction.CODE_PREVIEWED).exists()
    assert AuditEntry.objects.get(action=LinkingAction.ACCOUNT_LOCKED).account == account


def test_each_lock_is_twice_as_long_as_the_one_before_and_none_longer_than_a_day(door: Door, browser: Browser) -> None:
    waits = []
    for _ in range(9):
        door.type_wrong(browser, 5)
        waits.append(round(door.wait(browser) / timedelta(minutes=1)))
        pass_time(timedelta(minutes=waits[-1]))

    assert waits == [15, 30, 60, 120, 240, 480, 960, 1440, 1440]


def test_asking_on_does_not_make_a_lock_longer(door: Door, browser: Browser, account: User) -> None:
    door.type_wrong(browser, 5)
    until = Counter.objects.get(pk=typer_key(account)).locked_until

    for _ in range(10):
        door.wait(browser)

    assert Counter.objects.get(pk=typer_key(account)).locked_until == until


def test_a_new_session_of_the_account_is_locked_too_and_another_account_is_not(
    door: Door, browser: Browser, account: User
) -> None:
    _, code = make_linking_code()
    door.type_wrong(browser, 5)
    browser.logout()

    door.wait(signed_in(account), code)

    assert door.opens(signed_in(make_user("grace@example.com")), code)


def test_right_codes_count_for_nothing_and_forgive_nothing(door: Door, browser: Browser) -> None:
    _, code = make_linking_code()
    for _ in range(10):
        assert door.opens(browser, code)
    assert set(Counter.objects.values_list("count", flat=True)) == {0}

    for _ in range(4):
        door.type_wrong(browser, 1)
        assert door.opens(browser, code)
    door.type_wrong(browser, 1)

    door.wait(browser, code)


def test_twenty_wrong_codes_from_an_address_lock_it_for_everybody_there(door: Door, account: User) -> None:
    here, elsewhere = {"REMOTE_ADDR": "203.0.113.7"}, {"REMOTE_ADDR": "203.0.113.8"}
    for number in range(4):
        door.type_wrong(signed_in(make_user(f"guesser{number}@example.com")), 5, **here)
    _, code = make_linking_code()
    bystander = signed_in(account)

    assert door.wait(bystander, code, **here) <= timedelta(minutes=10)

    assert Counter.objects.get(pk=typer_key(account)).count == 0
    assert door.opens(bystander, code, **elsewhere)


def test_an_ipv6_network_is_one_address(door: Door, account: User) -> None:
    for number in range(4):
        guesser = signed_in(make_user(f"guesser{number}@example.com"))
        door.type_wrong(guesser, 5, REMOTE_ADDR=f"2001:db8:1:2:{number}::1")
    _, code = make_linking_code()
    bystander = signed_in(account)

    door.wait(bystander, code, REMOTE_ADDR="2001:db8:1:2:ffff::9")

    assert door.opens(bystander, code, REMOTE_ADDR="2001:db8:1:3::9")


def test_an_address_that_the_caller_claims_is_not_believed(door: Door, browser: Browser) -> None:
    make_counter(address_key("203.0.113.7"), count=20)
    claimed = {"X-Forwarded-For": "198.51.100.9", "X-Real-IP": "198.51.100.9", "Forwarded": "for=198.51.100.9"}
    _, code = make_linking_code()

    door.wait(browser, code, REMOTE_ADDR="203.0.113.7", headers=claimed)


def test_sixty_wrong_codes_a_minute_raise_an_alarm_and_lock_nobody_out(door: Door, browser: Browser) -> None:
    make_counter(SITE_KEY, count=59)

    door.type_wrong(browser, 2)

    assert AuditEntry.objects.filter(action=LinkingAction.GUESSES_ALARMED).count() == 1
    assert door.opens(browser, make_linking_code()[1])
