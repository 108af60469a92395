"""Clearing out what no longer decides anything."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.audit import record_audit
from accounts.limits import LOCK_MEMORY
from accounts.models import AuditEntry, Counter
from accounts.services import sweep_refusals
from linking.audit import TOO_MANY_CODES, WHILE_LOCKED, LinkingAction
from linking.limits import CODE_RETENTION
from linking.models import LinkingCode

SWEEP_BATCH = 500


def sweep_linking() -> dict[str, int]:
    """End expired codes, and delete codes older than thirty days, counters that count nothing any more, old refusals.

    Returns how many of each.
    """
    now = timezone.now()
    return {**_sweep_codes(now), "refusals": sweep_refusals(limited(now=now))}


@transaction.atomic
def _sweep_codes(now: datetime) -> dict[str, int]:
    # An expired code still occupies its digest until it is ended.
    expired = LinkingCode.objects.unspent().filter(expires_at__lte=now).update(ended_at=now)
    old, _ = LinkingCode.objects.filter(expires_at__lt=now - CODE_RETENTION).delete()
    counts = {"expired_codes": expired, "old_codes": old, "counters": _delete_idle_counters(now)}
    if any(counts.values()):
        record_audit(LinkingAction.CODES_SWEPT, detail=counts)
    return counts


def limited(*, now: datetime) -> QuerySet[AuditEntry]:
    """Audit rows of what a limit kept an account from, older than `DEXTER_REFUSAL_RETENTION`.

    Whoever is at a limit can make any number of them. That it was reached is told by rows which stay: those of the
    codes that were made, of the guesses that counted, and of the lock.
    """
    guesses = Q(action=LinkingAction.GUESS_REFUSED, reason__in=WHILE_LOCKED)
    codes = Q(action=LinkingAction.MINTING_REFUSED, reason=TOO_MANY_CODES)
    before = now - settings.DEXTER_REFUSAL_RETENTION
    return AuditEntry.objects.filter(guesses | codes, created_at__lt=before)


def _delete_idle_counters(now: datetime) -> int:
    """Delete in batches, and pass over what somebody is counting with: waiting for it could be a deadlock."""
    unlocked = Q(locked_until=None) | Q(locked_until__lt=now - LOCK_MEMORY)
    idle = Counter.objects.filter(unlocked, window_started_at__lt=now - LOCK_MEMORY)
    deleted = 0
    while keys := list(idle.select_for_update(skip_locked=True).values_list("pk", flat=True)[:SWEEP_BATCH]):
        deleted += Counter.objects.filter(pk__in=keys).delete()[0]
    return deleted
