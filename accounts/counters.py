"""Counting in the database, so that a restart forgets nothing and every worker sees the same count.

Each change is one conditional UPDATE, never read-then-save. A database that does not answer is an error, not a pass.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Case, DateTimeField, F, Q, Value, When
from django.utils import timezone

from accounts.limits import FIRST_LOCK, LOCK_MEMORY, LONGEST_LOCK, Limit
from accounts.models import Counter


def take(key: str, *, limit: Limit) -> datetime | None:
    """Count one event if there is room for it; None when there was.

    Otherwise nothing is counted, and the answer is when to try again: the end of the lock or of the window.
    """
    now = timezone.now()
    room = ~_locked(now) & (_over(limit, now) | Q(count__lt=limit.count))
    if _count(key, limit, now, room=room):
        return None
    counter = Counter.objects.get(pk=key)
    if counter.locked_until and counter.locked_until > now:
        return counter.locked_until
    return counter.window_started_at + limit.window


def take_each(limits: dict[str, Limit]) -> bool:
    """Count one event with every key, or with none of them when one of them has no room. Whether there was room."""
    taken: list[str] = []
    for key, limit in limits.items():
        if take(key, limit=limit) is not None:
            for earlier in taken:
                give_back(earlier)
            return False
        taken.append(key)
    return True


def locked_until(key: str) -> datetime | None:
    """When the lock of a counter ends; None when there is none. Asking counts nothing."""
    counter = Counter.objects.filter(_locked(timezone.now()), pk=key).first()
    return counter.locked_until if counter else None


def room_left(key: str, *, limit: Limit) -> int:
    """How many more events fit into the window there is; none while a counter is locked. Asking counts nothing."""
    now = timezone.now()
    counter = Counter.objects.filter(_locked(now) | ~_over(limit, now), pk=key).first()
    if counter is None:
        return limit.count
    is_locked = counter.locked_until is not None and counter.locked_until > now
    return 0 if is_locked else max(0, limit.count - counter.count)


def give_back(key: str) -> None:
    """Take one event out of the count again."""
    Counter.objects.filter(pk=key, count__gt=0).update(count=F("count") - 1)


def lock_if_full(key: str, *, limit: Limit) -> datetime | None:
    """Lock a counter whose window is full; until when, or None when there is room left or it was locked already.

    The first lock lasts FIRST_LOCK and each further one twice as long, LONGEST_LOCK at most, until LOCK_MEMORY has
    passed without one.
    """
    now = timezone.now()
    forgotten = When(locked_until__lte=now - LOCK_MEMORY, then=Value(now + FIRST_LOCK))
    doubled = [When(lock_count=step, then=Value(now + length)) for step, length in enumerate(_locks())]
    locked = (Counter.objects.filter(~_locked(now), ~_over(limit, now), pk=key, count__gte=limit.count)).update(
        locked_until=Case(forgotten, *doubled, default=Value(now + LONGEST_LOCK), output_field=DateTimeField()),
        lock_count=Case(When(locked_until__lte=now - LOCK_MEMORY, then=1), default=F("lock_count") + 1),
    )
    return Counter.objects.get(pk=key).locked_until if locked else None


def count_event(key: str, *, limit: Limit) -> None:
    """Count one event whether there is room or not."""
    _count(key, limit, timezone.now(), room=Q())


def raise_alarm(key: str, *, limit: Limit) -> bool:
    """Whether the window is full and nobody was alarmed for as long as one lasts; one of many callers gets True."""
    now = timezone.now()
    full = Counter.objects.filter(~_locked(now), ~_over(limit, now), pk=key, count__gte=limit.count)
    return full.update(locked_until=now + limit.window) == 1


def _count(key: str, limit: Limit, now: datetime, *, room: Q) -> bool:
    over = _over(limit, now)
    changes = {
        "count": Case(When(over, then=1), default=F("count") + 1),
        "window_started_at": Case(When(over, then=Value(now)), default=F("window_started_at")),
    }
    if Counter.objects.filter(room, pk=key).update(**changes):
        return True
    Counter.objects.bulk_create([Counter(key=key, window_started_at=now)], ignore_conflicts=True)
    return bool(Counter.objects.filter(room, pk=key).update(**changes))


def _over(limit: Limit, now: datetime) -> Q:
    """The window has passed. A lock is longer than its window, so that after a lock counting starts anew."""
    return Q(window_started_at__lte=now - limit.window)


def _locked(now: datetime) -> Q:
    return Q(locked_until__isnull=False, locked_until__gt=now)


def _locks() -> list[timedelta]:
    """The lengths of the first, second, … lock before they reach LONGEST_LOCK."""
    lengths = [FIRST_LOCK]
    while lengths[-1] * 2 < LONGEST_LOCK:
        lengths.append(lengths[-1] * 2)
    return lengths
