"""Clearing out: codes older than thirty days, and counters that count nothing any more."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.audit import AccountAction, record_audit
from accounts.models import AuditEntry, Counter
from accounts.tests.builders import make_counter, make_user
from linking.audit import LinkingAction
from linking.errors import MintingLimited, TypingLocked
from linking.models import LinkingCode
from linking.services import offer_linking_code, sweep_linking
from linking.services.guesses import admit_guess, typer_key
from linking.tasks import sweep
from linking.tests.builders import make_linking_code, pass_time

pytestmark = pytest.mark.django_db


def test_nothing_to_sweep_leaves_no_audit_row() -> None:
    live, _ = make_linking_code()

    assert sweep_linking() == {"expired_codes": 0, "old_codes": 0, "counters": 0, "refusals": 0}

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


@pytest.mark.parametrize(
    ("action", "reason", "stays"),
    [
        (LinkingAction.GUESS_REFUSED, "account_locked", False),
        (LinkingAction.GUESS_REFUSED, "address_locked", False),
        (LinkingAction.MINTING_REFUSED, "too_many_codes", False),
        (LinkingAction.GUESS_REFUSED, "unknown", True),
        (LinkingAction.MINTING_REFUSED, "linked", True),
        (LinkingAction.ACCOUNT_LOCKED, "", True),
        (LinkingAction.LINK_REFUSED, "linked_already", True),
    ],
)
def test_what_a_limit_refused_to_an_account_goes_after_the_retention(action: str, reason: str, stays: bool) -> None:
    """Design §7 counts a guess before it looks at it: whoever is locked makes rows, and no other limit stops that."""
    account = make_user()
    row = record_audit(LinkingAction(action), actor=account, account=account, reason=reason)
    AuditEntry.objects.update(created_at=timezone.now() - timedelta(days=90) + timedelta(minutes=1))
    assert sweep_linking()["refusals"] == 0
    AuditEntry.objects.update(created_at=timezone.now() - timedelta(days=90, minutes=1))

    assert sweep_linking()["refusals"] == (0 if stays else 1)

    assert AuditEntry.objects.filter(pk=row.pk).exists() == stays
    assert AuditEntry.objects.filter(action=AccountAction.REFUSALS_SWEPT).exists() != stays


def test_guesses_and_codes_at_a_limit_are_recorded_under_the_reasons_that_are_swept() -> None:
    account, now = make_user(), timezone.now()
    make_counter(typer_key(account), count=5, locked_until=now + timedelta(minutes=9))
    with pytest.raises(TypingLocked):
        admit_guess(typer=account, address=None)
    for number in range(6):
        with nullcontext() if number < 5 else pytest.raises(MintingLimited):
            offer_linking_code(account=account, address=None)

    AuditEntry.objects.update(created_at=now - timedelta(days=91))

    assert sweep_linking()["refusals"] == 2


def test_more_refusals_than_a_batch_are_all_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accounts.services.sweeping.SWEEP_BATCH", 2)
    account = make_user()
    for _ in range(5):
        record_audit(LinkingAction.GUESS_REFUSED, account=account, reason="account_locked")
    AuditEntry.objects.update(created_at=timezone.now() - timedelta(days=91))

    assert sweep_linking()["refusals"] == 5

    assert set(AuditEntry.objects.values_list("action", flat=True)) == {AccountAction.REFUSALS_SWEPT}


def test_the_task_may_run_twice() -> None:
    make_counter("idle", window_started_at=timezone.now() - timedelta(days=2))

    assert sweep.delay().get()["counters"] == 1
    assert sweep.delay().get()["counters"] == 0
