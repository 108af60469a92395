"""Typing wrong codes (design §7, wrong guesses): counted before comparison, locked, alarmed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from accounts.models import AuditEntry, Counter
from accounts.tests.builders import make_counter, make_user
from linking.audit import LinkingAction
from linking.errors import TypingLocked
from linking.models import LinkingCode
from linking.services.guesses import SITE_KEY, address_key, typer_key
from linking.tests.builders import make_linking_code, pass_time
from linking.tests.guessing import ADDRESS, guess_wrong, type_code

pytestmark = pytest.mark.django_db


def test_the_sixth_guess_of_an_account_is_locked_for_fifteen_minutes() -> None:
    account = make_user()
    _, code = make_linking_code()
    guess_wrong(account, 5)

    with pytest.raises(TypingLocked) as refused:
        type_code(account, code)

    assert timedelta(minutes=14) < refused.value.retry_at - timezone.now() <= timedelta(minutes=15)
    locked = AuditEntry.objects.get(action=LinkingAction.ACCOUNT_LOCKED)
    assert (locked.account, locked.address) == (account, ADDRESS)
    assert AuditEntry.objects.filter(action=LinkingAction.GUESS_REFUSED, reason="account_locked").count() == 1


def test_four_wrong_guesses_lock_nobody() -> None:
    account = make_user()
    _, code = make_linking_code()
    guess_wrong(account, 4)

    assert type_code(account, code)


def test_a_lock_lasts_fifteen_minutes_and_the_next_one_thirty() -> None:
    account = make_user()
    guess_wrong(account, 5)
    pass_time(timedelta(minutes=15))
    guess_wrong(account, 5)

    with pytest.raises(TypingLocked) as refused:
        type_code(account)

    assert timedelta(minutes=29) < refused.value.retry_at - timezone.now() <= timedelta(minutes=30)


def test_guesses_that_are_ten_minutes_apart_do_not_add_up() -> None:
    account = make_user()
    guess_wrong(account, 4)
    pass_time(timedelta(minutes=10))

    guess_wrong(account, 4)


def test_right_codes_lock_nobody() -> None:
    account = make_user()
    _, code = make_linking_code()

    for _ in range(30):
        type_code(account, code)

    assert set(Counter.objects.values_list("count", flat=True)) == {0}


def test_a_right_code_does_not_forgive_earlier_wrong_ones() -> None:
    account = make_user()
    _, own_code = make_linking_code()
    for _ in range(4):
        guess_wrong(account, 1)
        type_code(account, own_code)
    guess_wrong(account, 1)

    with pytest.raises(TypingLocked):
        type_code(account, own_code)


def test_a_right_code_does_not_shorten_the_next_lock() -> None:
    account = make_user()
    guess_wrong(account, 5)
    pass_time(timedelta(minutes=15))
    _, own_code = make_linking_code()
    type_code(account, own_code)

    guess_wrong(account, 5)

    assert Counter.objects.get(pk=typer_key(account)).lock_count == 2


def test_the_guess_is_counted_before_the_code_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    account = make_user()
    counted: list[int] = []

    def look(_: Any, digest: str) -> None:
        counted.extend(Counter.objects.filter(pk=typer_key(account)).values_list("count", flat=True))

    monkeypatch.setattr(type(LinkingCode.objects.all()), "newest_with_digest", look)
    monkeypatch.setattr(type(LinkingCode.objects), "newest_with_digest", look)

    guess_wrong(account, 1)

    assert counted == [1]


def test_twenty_guesses_from_an_address_lock_it_for_everybody_there() -> None:
    for number in range(4):
        guess_wrong(make_user(f"guesser{number}@example.com"), 5)
    bystander = make_user()
    _, code = make_linking_code()

    with pytest.raises(TypingLocked) as refused:
        type_code(bystander, code)

    assert refused.value.retry_at - timezone.now() <= timedelta(minutes=10)
    assert Counter.objects.get(pk=typer_key(bystander)).count == 0
    assert type_code(bystander, code, address="203.0.113.8")
    pass_time(timedelta(minutes=10))
    _, fresh = make_linking_code()
    assert type_code(bystander, fresh)


def test_an_ipv6_network_is_one_address() -> None:
    for number in range(4):
        guess_wrong(make_user(f"guesser{number}@example.com"), 5, address=f"2001:db8:1:2:{number}::1")
    _, code = make_linking_code()
    bystander = make_user()

    with pytest.raises(TypingLocked):
        type_code(bystander, code, address="2001:db8:1:2:ffff::9")

    assert type_code(bystander, code, address="2001:db8:1:3::9")


def test_guesses_without_an_address_are_counted_together() -> None:
    make_counter(address_key(None), count=20)

    with pytest.raises(TypingLocked):
        type_code(make_user(), address=None)


def test_sixty_guesses_a_minute_raise_one_alarm_and_lock_nobody_out(caplog: pytest.LogCaptureFixture) -> None:
    make_counter(SITE_KEY, count=58)
    account = make_user()
    guess_wrong(account, 1)
    assert not AuditEntry.objects.filter(action=LinkingAction.GUESSES_ALARMED).exists()

    guess_wrong(account, 3)

    assert AuditEntry.objects.filter(action=LinkingAction.GUESSES_ALARMED).count() == 1
    assert sum("linking.guesses.alarm'" in record.getMessage() for record in caplog.records) == 1
    _, code = make_linking_code()
    assert type_code(account, code)


def test_the_alarm_is_raised_again_a_minute_later() -> None:
    account = make_user()
    make_counter(SITE_KEY, count=59)
    guess_wrong(account, 2)
    pass_time(timedelta(minutes=1))
    Counter.objects.filter(pk=SITE_KEY).update(window_started_at=timezone.now(), count=59)

    guess_wrong(account, 1)

    assert AuditEntry.objects.filter(action=LinkingAction.GUESSES_ALARMED).count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_caller_in_a_transaction_that_could_take_the_count_back_is_an_error() -> None:
    account = make_user()
    _, code = make_linking_code()

    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        type_code(account, code)

    assert not AuditEntry.objects.filter(action=LinkingAction.CODE_PREVIEWED).exists()


@pytest.mark.django_db(transaction=True)
def test_guesses_survive_a_restart() -> None:
    account = make_user()
    guess_wrong(account, 5)

    cache.clear()
    connection.close()

    with pytest.raises(TypingLocked):
        type_code(account)


def test_counters_that_cannot_be_read_refuse_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise DatabaseError

    _, code = make_linking_code()
    account = make_user()
    monkeypatch.setattr("accounts.counters.take", fail)

    with pytest.raises(DatabaseError):
        type_code(account, code)
