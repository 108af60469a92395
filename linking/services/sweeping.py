"""Clearing out what no longer decides anything."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.audit import record_audit
from accounts.limits import LOCK_MEMORY
from accounts.models import Counter
from linking.audit import LinkingAction
from linking.limits import CODE_RETENTION
from linking.models import LinkingCode

SWEEP_BATCH = 500


@transaction.atomic
def sweep_linking() -> dict[str, int]:
    """End expired codes, delete codes older than thirty days and counters that count nothing any more.

    Returns how many of each.
    """
    now = timezone.now()
    # An expired code still occupies its digest until it is ended.
    expired = LinkingCode.objects.unspent().filter(expires_at__lte=now).update(ended_at=now)
    old, _ = LinkingCode.objects.filter(expires_at__lt=now - CODE_RETENTION).delete()
    counts = {"expired_codes": expired, "old_codes": old, "counters": _delete_idle_counters(now)}
    if any(counts.values()):
        record_audit(LinkingAction.CODES_SWEPT, detail=counts)
    return counts


def _delete_idle_counters(now: datetime) -> int:
    """Delete in batches, and pass over what somebody is counting with: waiting for it could be a deadlock."""
    unlocked = Q(locked_until=None) | Q(locked_until__lt=now - LOCK_MEMORY)
    idle = Counter.objects.filter(unlocked, window_started_at__lt=now - LOCK_MEMORY)
    deleted = 0
    while keys := list(idle.select_for_update(skip_locked=True).values_list("pk", flat=True)[:SWEEP_BATCH]):
        deleted += Counter.objects.filter(pk__in=keys).delete()[0]
    return deleted
