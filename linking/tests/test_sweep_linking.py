"""Clearing out: codes older than thirty days, and counters that count nothing any more."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import AuditEntry, Counter
from accounts.tests.builders import make_counter
from linking.audit import LinkingAction
from linking.models import LinkingCode
from linking.services import sweep_linking
from linking.tasks import sweep
from linking.tests.builders import make_linking_code, pass_time

pytestmark = pytest.mark.django_db


def test_nothing_to_sweep_leaves_no_audit_row() -> None:
    live, _ = make_linking_code()

    assert sweep_linking() == {"expired_codes": 0, "old_codes": 0, "counters": 0}

    live.refresh_from_db()
    assert live.ended_at is None
    assert not AuditEntry.objects.exists()


def test_an_expired_code_is_ended() -> None:
    code, _ = make_linking_code()
    pass_time(timedelta(minutes=10))

    assert sweep_linking()["expired_codes"] == 1

    code.refresh_from_db()
    assert code.ended_at is not None


def test_a_code_is_deleted_thirty_days_after_it_ended() -> None:
    make_linking_code()
    pass_time(timedelta(days=30))
    assert sweep_linking()["old_codes"] == 0
    pass_time(timedelta(minutes=11))

    assert sweep_linking()["old_codes"] == 1

    assert not LinkingCode.objects.exists()
    assert AuditEntry.objects.filter(action=LinkingAction.CODES_SWEPT).count() == 2


def test_a_counter_goes_once_neither_its_window_nor_its_locks_decide_anything() -> None:
    now = timezone.now()
    day = timedelta(days=1, minutes=1)
    make_counter("fresh")
    make_counter("idle", window_started_at=now - day)
    make_counter("locked", window_started_at=now - day, locked_until=now + timedelta(hours=1), lock_count=7)
    make_counter("lock remembered", window_started_at=now - day, locked_until=now - timedelta(hours=23), lock_count=7)
    make_counter("lock forgotten", window_started_at=now - 2 * day, locked_until=now - day, lock_count=7)

    assert sweep_linking()["counters"] == 2

    assert set(Counter.objects.values_list("key", flat=True)) == {"fresh", "locked", "lock remembered"}


def test_more_counters_than_a_batch_are_all_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("linking.services.sweeping.SWEEP_BATCH", 2)
    for number in range(5):
        make_counter(f"idle {number}", window_started_at=timezone.now() - timedelta(days=2))

    assert sweep_linking()["counters"] == 5

    assert not Counter.objects.exists()


def test_the_task_may_run_twice() -> None:
    make_counter("idle", window_started_at=timezone.now() - timedelta(days=2))

    assert sweep.delay().get()["counters"] == 1
    assert sweep.delay().get()["counters"] == 0
