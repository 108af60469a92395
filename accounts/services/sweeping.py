"""Removing what is over."""

from __future__ import annotations

from datetime import datetime, timedelta
from importlib import import_module

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.audit import AccountAction, record_audit
from accounts.models import AuditEntry, User

GUEST_ABANDONED_AFTER = timedelta(days=30)
SWEEP_BATCH = 500
# How the tags of such audit rows end, in every app (`noun.noun.past`).
CAME_TO_NOTHING = (".refused", ".denied", ".failed", ".requested")


def sweep_accounts() -> dict[str, int]:
    """Remove abandoned guests, expired website sessions and old refusals; returns how many of each."""
    now = timezone.now()
    return {
        "guests": _sweep_guests(now=now),
        "website_sessions": _sweep_website_sessions(),
        "refusals": sweep_refusals(old_refusals(now=now)),
    }


def abandoned_guests(*, now: datetime) -> QuerySet[User]:
    """Guests without a live connector session or a link, who were last seen more than 30 days ago."""
    # Relations of apps to the right are named, not imported.
    seen_since = now - GUEST_ABANDONED_AFTER
    itself = User.objects.filter(pk=OuterRef("pk"))
    # Of whichever issuer: a site may become again what it was.
    live = itself.filter(connector_sessions__ended_at=None, connector_sessions__expires_at__gt=now)
    seen = itself.filter(
        Q(connector_sessions__created_at__gte=seen_since)
        | Q(connector_sessions__connected_at__gte=seen_since)
        | Q(connector_sessions__last_used_at__gte=seen_since)
        | Q(connector_sessions__ended_at__gte=seen_since)
    )
    linked = itself.filter(account_link__isnull=False)
    return User.objects.filter(~Exists(live), ~Exists(seen), ~Exists(linked), is_guest=True, date_joined__lt=seen_since)


def old_refusals(*, now: datetime) -> QuerySet[AuditEntry]:
    """Audit rows of what came to nothing and is no account's affair, older than `DEXTER_REFUSAL_RETENTION`.

    Anybody can make them, as many as they like. What was done, and what was refused to an account or to a guest as the
    person to whom it happened, stays; so does the row of an account that is gone, by its subject.
    """
    came_to_nothing = Q()
    for ending in CAME_TO_NOTHING:
        came_to_nothing |= Q(action__endswith=ending)
    before = now - settings.DEXTER_REFUSAL_RETENTION
    return AuditEntry.objects.filter(came_to_nothing, account=None, account_subject="", created_at__lt=before)


def sweep_refusals(rows: QuerySet[AuditEntry]) -> int:
    """Delete audit rows of refusals in batches, each in a transaction of its own with a row that says how many."""
    removed = 0
    while True:
        with transaction.atomic():
            doomed = list(rows.order_by("created_at").values_list("pk", flat=True)[:SWEEP_BATCH])
            gone = AuditEntry.objects.filter(pk__in=doomed).delete()[0]
            if gone:
                record_audit(AccountAction.REFUSALS_SWEPT, detail={"count": gone})
        removed += gone
        if len(doomed) < SWEEP_BATCH:
            return removed


def _sweep_guests(*, now: datetime) -> int:
    removed = 0
    while True:
        with transaction.atomic():
            candidates = abandoned_guests(now=now).select_for_update(skip_locked=True).order_by("pk")
            locked = list(candidates.values_list("pk", flat=True)[:SWEEP_BATCH])
            # Asked again now that the rows are locked: a guest who connected meanwhile stays.
            doomed = list(abandoned_guests(now=now).filter(pk__in=locked).values_list("pk", flat=True))
            User.objects.filter(pk__in=doomed).delete()
            if doomed:
                record_audit(AccountAction.GUESTS_SWEPT, detail={"count": len(doomed)})
        removed += len(doomed)
        if len(doomed) < SWEEP_BATCH:
            return removed


def _sweep_website_sessions() -> int:
    model = import_module(settings.SESSION_ENGINE).SessionStore.get_model_class()
    expired = model.objects.filter(expire_date__lt=timezone.now())
    removed = 0
    while keys := list(expired.values_list("pk", flat=True)[:SWEEP_BATCH]):
        removed += model.objects.filter(pk__in=keys).delete()[0]
    return removed
