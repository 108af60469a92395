"""Removing what is over."""

from __future__ import annotations

from datetime import datetime, timedelta
from importlib import import_module

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.audit import AccountAction, record_audit
from accounts.models import User

GUEST_ABANDONED_AFTER = timedelta(days=30)
SWEEP_BATCH = 500


def sweep_accounts() -> dict[str, int]:
    """Remove abandoned guests and expired website sessions; returns how many of each."""
    return {"guests": _sweep_guests(now=timezone.now()), "website_sessions": _sweep_website_sessions()}


def abandoned_guests(*, now: datetime) -> QuerySet[User]:
    """Guests without a live connector session or a link, who were last seen more than 30 days ago."""
    # Relations of apps to the right are named, not imported.
    seen_since = now - GUEST_ABANDONED_AFTER
    itself = User.objects.filter(pk=OuterRef("pk"))
    live = itself.filter(connector_sessions__ended_at=None, connector_sessions__expires_at__gt=now)
    seen = itself.filter(
        Q(connector_sessions__created_at__gte=seen_since)
        | Q(connector_sessions__connected_at__gte=seen_since)
        | Q(connector_sessions__last_used_at__gte=seen_since)
        | Q(connector_sessions__ended_at__gte=seen_since)
    )
    linked = itself.filter(account_link__isnull=False)
    return User.objects.filter(~Exists(live), ~Exists(seen), ~Exists(linked), is_guest=True, date_joined__lt=seen_since)


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
