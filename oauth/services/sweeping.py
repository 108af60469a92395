"""Removing what is over."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.audit import record_audit
from oauth.audit import OAuthAction
from oauth.keys import forget_retired_keys
from oauth.models import (
    AccessToken,
    Client,
    ConnectorSession,
    Grant,
    IDToken,
    RefreshToken,
    ServiceToken,
    UsedAssertion,
)
from oauth.services.sessions import end_session

UNUSED_CLIENT_LIFETIME = timedelta(hours=24)
IDLE_CLIENT_LIFETIME = timedelta(days=90)
# How long an ended session, with its codes and tokens, stays for staff to look at.
ENDED_SESSION_RETENTION = timedelta(days=90)
UNREDEEMED_SESSION_LIFETIME = timedelta(hours=24)
USED_CODE_RETENTION = timedelta(days=1)
SWEEP_BATCH = 1000


def sweep_oauth() -> dict[str, int]:
    """End what has expired and delete what no longer decides anything. Returns counts by kind.

    A rotated refresh token stays until it expires, because its reuse has to be seen.
    """
    now = timezone.now()
    counts = {
        "expired_sessions": _end_expired_sessions(now),
        "access_tokens": _delete(AccessToken.objects.filter(expires__lt=now)),
        "service_tokens": _delete(ServiceToken.objects.filter(expires_at__lt=now)),
        # Deleting an ID token's row takes its access token along.
        "id_tokens": _delete(IDToken.objects.filter(expires__lt=now, access_token=None)),
        # An unused code is dead after a minute; a used one stays a day, so that its replay ends the session.
        "grants": _delete(Grant.objects.filter(expires__lt=now - USED_CODE_RETENTION)),
        "refresh_tokens": _delete(RefreshToken.objects.filter(expires_at__lt=now)),
        "sessions": _delete(
            ConnectorSession.objects.filter(
                Q(ended_at__lt=now - ENDED_SESSION_RETENTION)
                | Q(connected_at=None, created_at__lt=now - UNREDEEMED_SESSION_LIFETIME)
            )
        ),
        "clients": _delete(dead_registrations(now)),
        "signing_keys": forget_retired_keys(),
        "used_assertions": _delete(UsedAssertion.objects.filter(expires_at__lt=now)),
    }
    if counts["clients"]:
        record_audit(OAuthAction.CLIENTS_SWEPT, detail={"clients": counts["clients"]})
    if swept := {kind: count for kind, count in counts.items() if count and kind.endswith("tokens")}:
        record_audit(OAuthAction.TOKENS_SWEPT, detail=swept)
    return counts


def dead_registrations(now: datetime) -> QuerySet[Client]:
    """Registered clients never used in 24 hours, or unused for 90 days, no session unended (connectors, rule 7).

    Those with a metadata document too: it is fetched again when it is asked for again. One that staff blocked or a
    person reported stays: it would only come again, with a clean record.
    """
    unended = ConnectorSession.objects.unended(now).filter(client=OuterRef("pk"))
    return Client.objects.filter(
        ~Exists(unended),
        Q(last_used_at=None, created__lt=now - UNUSED_CLIENT_LIFETIME) | Q(last_used_at__lt=now - IDLE_CLIENT_LIFETIME),
        registration_source__in=(Client.RegistrationSource.DCR, Client.RegistrationSource.CIMD),
        blocked_at=None,
        flagged_at=None,
    )


def _end_expired_sessions(now: datetime) -> int:
    """End the sessions that are a year old, and those whose last token has expired: nothing acts for them any more."""
    access = AccessToken.objects.filter(session=OuterRef("pk"), expires__gt=now)
    refresh = RefreshToken.objects.filter(session=OuterRef("pk"), expires_at__gt=now)
    without_token = Q(connected_at__isnull=False) & ~Exists(access) & ~Exists(refresh)
    over = ConnectorSession.objects.filter(Q(expires_at__lte=now) | without_token, ended_at=None)
    ended = 0
    while batch := list(over.select_related("user", "client")[:SWEEP_BATCH]):
        reason = ConnectorSession.EndReason.EXPIRED
        ended += sum(end_session(session=session, reason=reason) for session in batch)
    return ended


def _delete(rows: QuerySet[Any]) -> int:
    """Delete in batches, each in a transaction of its own, and return how many rows of the model went."""
    deleted = 0
    while True:
        with transaction.atomic():
            locked = list(rows.select_for_update(of=("self",), skip_locked=True).order_by("pk")[:SWEEP_BATCH])
            # Asked again now that the rows are locked: what came to life meanwhile stays.
            doomed = rows.filter(pk__in=[row.pk for row in locked])
            gone = doomed.delete()[1].get(rows.model._meta.label, 0)
        deleted += gone
        if gone < SWEEP_BATCH:
            return deleted
