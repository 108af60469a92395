"""Counting in the database (design §7: wrong guesses; locks that double to 24 hours)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.utils import timezone

from accounts import counters
from accounts.limits import Limit
from accounts.models import Counter
from accounts.tests.builders import let_counters_age, make_counter

FIVE = Limit(5, timedelta(minutes=10))


def take_all(limit: Limit = FIVE) -> None:
    """Fill the window of the counter `key`."""
    for _ in range(limit.count):
        assert counters.take("key", limit=limit) is None


@pytest.mark.django_db
def test_there_is_room_for_as_many_as_the_limit_says() -> None:
    take_all()

    retry_at = counters.take("key", limit=FIVE)

    row = Counter.objects.get(pk="key")
    assert retry_at == row.window_started_at + timedelta(minutes=10)
    assert row.count == 5


@pytest.mark.django_db
def test_there_is_room_again_once_the_window_has_passed() -> None:
    take_all()
    let_counters_age(timedelta(minutes=10))

    assert counters.take("key", limit=FIVE) is None

    row = Counter.objects.get(pk="key")
    assert row.count == 1
    assert timezone.now() - row.window_started_at < timedelta(minutes=1)


@pytest.mark.django_db
def test_there_is_no_room_a_moment_before_the_window_has_passed() -> None:
    take_all()
    let_counters_age(timedelta(minutes=9, seconds=50))

    assert counters.take("key", limit=FIVE) is not None


@pytest.mark.django_db
def test_counters_do_not_share() -> None:
    take_all()

    assert counters.take("another", limit=FIVE) is None


@pytest.mark.django_db
def test_what_is_given_back_makes_room_for_one_more() -> None:
    take_all()

    counters.give_back("key")

    assert counters.take("key", limit=FIVE) is None
    assert counters.take("key", limit=FIVE) is not None


@pytest.mark.django_db
def test_giving_back_never_makes_more_room_than_there_was() -> None:
    make_counter("key", count=0)

    counters.give_back("key")
    counters.give_back("a counter that is not there")

    assert Counter.objects.get().count == 0


@pytest.mark.django_db
def test_how_much_room_is_left_can_be_asked_without_taking_any() -> None:
    assert counters.room_left("key", limit=FIVE) == 5
    counters.take("key", limit=FIVE)
    assert [counters.room_left("key", limit=FIVE) for _ in range(2)] == [4, 4]
    for _ in range(4):
        counters.take("key", limit=FIVE)
    assert counters.room_left("key", limit=FIVE) == 0
    let_counters_age(FIVE.window)
    assert counters.room_left("key", limit=FIVE) == 5


@pytest.mark.django_db
def test_a_locked_counter_has_no_room_though_its_window_has_passed() -> None:
    take_all()
    counters.lock_if_full("key", limit=FIVE)
    let_counters_age(FIVE.window)

    assert counters.room_left("key", limit=FIVE) == 0


@pytest.mark.django_db
def test_a_counter_with_room_is_not_locked() -> None:
    counters.take("key", limit=FIVE)

    assert counters.lock_if_full("key", limit=FIVE) is None
    assert Counter.objects.get().locked_until is None


@pytest.mark.django_db
def test_a_full_counter_is_locked_once_and_for_fifteen_minutes() -> None:
    take_all()

    locked_until = counters.lock_if_full("key", limit=FIVE)

    assert locked_until is not None
    assert timedelta(minutes=14) < locked_until - timezone.now() <= timedelta(minutes=15)
    assert counters.lock_if_full("key", limit=FIVE) is None
    assert Counter.objects.get().lock_count == 1
    assert counters.take("key", limit=FIVE) == locked_until


@pytest.mark.django_db
def test_a_lock_outlasts_the_window_and_then_there_is_room_for_all() -> None:
    take_all()
    counters.lock_if_full("key", limit=FIVE)

    let_counters_age(timedelta(minutes=14, seconds=50))
    assert counters.take("key", limit=FIVE) is not None

    let_counters_age(timedelta(seconds=10))
    take_all()


@pytest.mark.django_db
def test_each_lock_lasts_twice_as_long_as_the_last_and_24_hours_at_most() -> None:
    lengths = []
    for _ in range(10):
        take_all()
        locked_until = counters.lock_if_full("key", limit=FIVE)
        assert locked_until is not None
        lengths.append(round((locked_until - timezone.now()).total_seconds() / 60))
        let_counters_age(locked_until - timezone.now())

    assert lengths == [15, 30, 60, 120, 240, 480, 960, 1440, 1440, 1440]


@pytest.mark.django_db
def test_the_first_lock_is_forgotten_24_hours_after_it_ended() -> None:
    take_all()
    counters.lock_if_full("key", limit=FIVE)
    let_counters_age(timedelta(minutes=15, hours=24))
    take_all()

    locked_until = counters.lock_if_full("key", limit=FIVE)

    assert locked_until is not None
    assert locked_until - timezone.now() <= timedelta(minutes=15)
    assert Counter.objects.get().lock_count == 1


@pytest.mark.django_db
def test_the_alarm_is_raised_once_in_a_window() -> None:
    minute = Limit(3, timedelta(minutes=1))
    raised = []
    for _ in range(5):
        counters.count_event("site", limit=minute)
        raised.append(counters.raise_alarm("site", limit=minute))

    assert raised == [False, False, True, False, False]
    assert Counter.objects.get().count == 5


@pytest.mark.django_db
def test_the_alarm_is_raised_again_in_the_next_window() -> None:
    minute = Limit(1, timedelta(minutes=1))
    counters.count_event("site", limit=minute)
    assert counters.raise_alarm("site", limit=minute)
    let_counters_age(timedelta(minutes=1))
    assert not counters.raise_alarm("site", limit=minute)

    counters.count_event("site", limit=minute)

    assert counters.raise_alarm("site", limit=minute)


@pytest.mark.django_db(transaction=True)
def test_a_restart_forgets_nothing() -> None:
    take_all()
    counters.lock_if_full("key", limit=FIVE)

    cache.clear()
    connection.close()

    assert counters.take("key", limit=FIVE) is not None


@pytest.mark.django_db(transaction=True)
def test_many_workers_at_once_get_no_more_room_than_one() -> None:
    def take(_: int) -> bool:
        try:
            return counters.take("key", limit=FIVE) is None
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as workers:
        admitted = list(workers.map(take, range(40)))

    assert sum(admitted) == 5
    assert Counter.objects.get().count == 5


@pytest.mark.django_db(transaction=True)
def test_many_workers_at_once_lock_once() -> None:
    def lock(_: int) -> bool:
        try:
            return counters.lock_if_full("key", limit=FIVE) is not None
        finally:
            connection.close()

    take_all()
    with ThreadPoolExecutor(8) as workers:
        locked = list(workers.map(lock, range(16)))

    assert sum(locked) == 1
    assert Counter.objects.get().lock_count == 1


@pytest.mark.django_db
def test_a_database_that_fails_is_an_error_and_not_a_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise DatabaseError

    monkeypatch.setattr(type(Counter.objects.all()), "update", fail)

    with pytest.raises(DatabaseError):
        counters.take("key", limit=FIVE)
