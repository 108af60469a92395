"""What the authorization server does to clients, sessions and tokens. Each service owns its transaction and audit row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.audit import record_audit
from accounts.models import User
from oauth.audit import OAuthAction
from oauth.models import AccessToken, Client, ConnectorSession, Grant, IDToken, RefreshToken

UNUSED_CLIENT_LIFETIME = timedelta(hours=24)
IDLE_CLIENT_LIFETIME = timedelta(days=90)
# How long an ended session, with its codes and tokens, stays for staff to look at.
ENDED_SESSION_RETENTION = timedelta(days=90)
UNREDEEMED_SESSION_LIFETIME = timedelta(hours=24)
SWEEP_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Consent:
    """A person's decision to let a client in: who decided, and from where."""

    user: User
    address: str | None
    user_agent: str


@transaction.atomic
def open_session(
    *, consent: Consent, client: Client, redirect_uri: str, scopes: Sequence[str], resource: str
) -> ConnectorSession:
    """Record a consent. The session lives for a year at most, whatever is refreshed in it."""
    now = timezone.now()
    session = ConnectorSession.objects.create(
        user=consent.user,
        client=client,
        issuer=settings.DEXTER_ISSUER,
        resource=resource,
        scope=" ".join(scopes),
        redirect_uri=redirect_uri,
        address=consent.address,
        user_agent=consent.user_agent[:255].replace("\x00", ""),
        created_at=now,
        expires_at=now + settings.DEXTER_SESSION_LIFETIME,
    )
    record_audit(
        OAuthAction.SESSION_OPENED,
        actor=consent.user,
        account=None if consent.user.is_guest else consent.user,
        client_id=client.client_id,
        session_id=session.id,
        address=consent.address,
        detail={"scope": session.scope, "redirect_host": session.redirect_host, "guest": consent.user.is_guest},
    )
    return session


@transaction.atomic
def end_session(
    *,
    session: ConnectorSession,
    reason: ConnectorSession.EndReason,
    actor: User | None = None,
    address: str | None = None,
) -> bool:
    """End a session: every token of it stops acting with the next request, on every worker.

    Returns whether it was this call that ended it.
    """
    now = timezone.now()
    ended = ConnectorSession.objects.filter(pk=session.pk, ended_at=None).update(ended_at=now, end_reason=reason)
    if not ended:
        return False
    session.ended_at, session.end_reason = now, reason
    record_audit(
        OAuthAction.SESSION_ENDED,
        actor=actor,
        account=None if session.user.is_guest else session.user,
        client_id=session.client.client_id,
        session_id=session.pk,
        address=address,
        reason=str(reason),
    )
    return True


@transaction.atomic
def flag_client(*, client: Client, actor: User | None, address: str | None = None) -> None:
    """Mark a client that a person disowned, for staff to look at. The first report counts; nothing is blocked by it."""
    Client.objects.filter(pk=client.pk, flagged_at=None).update(flagged_at=timezone.now())
    record_audit(OAuthAction.CLIENT_FLAGGED, actor=actor, account=actor, client_id=client.client_id, address=address)


@transaction.atomic
def block_client(*, client: Client, actor: User, blocked: bool) -> bool:
    """Shut a client out, or let it in again. A blocked client can neither authorize nor use the tokens it has."""
    now = timezone.now()
    changed = Client.objects.filter(pk=client.pk, blocked_at__isnull=blocked).update(
        blocked_at=now if blocked else None
    )
    if changed:
        action = OAuthAction.CLIENT_BLOCKED if blocked else OAuthAction.CLIENT_UNBLOCKED
        record_audit(action, actor=actor, client_id=client.client_id)
    return bool(changed)


def touch_session(*, session: ConnectorSession) -> None:
    """Note that the session and its client were used now."""
    now = timezone.now()
    ConnectorSession.objects.filter(pk=session.pk).update(last_used_at=now)
    Client.objects.filter(pk=session.client_id).update(last_used_at=now)


def sweep_oauth() -> dict[str, int]:
    """Delete what no longer decides anything: expired tokens and codes, old sessions, dead registrations.

    A rotated refresh token stays as long as its session, because its reuse has to be seen. Returns counts by kind.
    """
    now = timezone.now()
    counts = {
        "expired_sessions": _end_expired_sessions(),
        "access_tokens": _delete(AccessToken.objects.filter(expires__lt=now)),
        "id_tokens": _delete(IDToken.objects.filter(expires__lt=now)),
        # An unused code is dead after a minute; a used one stays a day, so that its replay ends the session.
        "grants": _delete(Grant.objects.filter(expires__lt=now - timedelta(days=1))),
        "refresh_tokens": _delete(RefreshToken.objects.filter(expires_at__lt=now)),
        "sessions": _delete(
            ConnectorSession.objects.filter(
                Q(ended_at__lt=now - ENDED_SESSION_RETENTION)
                | Q(connected_at=None, created_at__lt=now - UNREDEEMED_SESSION_LIFETIME)
            )
        ),
        "clients": _delete(dead_registrations()),
    }
    if counts["clients"]:
        record_audit(OAuthAction.CLIENTS_SWEPT, detail={"clients": counts["clients"]})
    swept = {kind: count for kind, count in counts.items() if kind.endswith("tokens") and count}
    if swept:
        record_audit(OAuthAction.TOKENS_SWEPT, detail=swept)
    return counts


def dead_registrations() -> QuerySet[Client]:
    """Registered clients never used in 24 hours, or with no live session and nothing for 90 days (connectors, rule 7)."""
    now = timezone.now()
    live = ConnectorSession.objects.filter(client=OuterRef("pk"), ended_at=None, expires_at__gt=now)
    return Client.objects.filter(
        ~Exists(live),
        Q(last_used_at=None, created__lt=now - UNUSED_CLIENT_LIFETIME) | Q(last_used_at__lt=now - IDLE_CLIENT_LIFETIME),
        registration_source=Client.RegistrationSource.DCR,
        blocked_at=None,
        flagged_at=None,
    )


def _end_expired_sessions() -> int:
    now = timezone.now()
    expired = ConnectorSession.objects.filter(ended_at=None, expires_at__lt=now)
    return expired.update(ended_at=now, end_reason=ConnectorSession.EndReason.EXPIRED)


def _delete(rows: QuerySet[Any]) -> int:
    """Delete in batches, each in a transaction of its own, and return how many rows of the model went."""
    deleted = 0
    while batch := list(rows.values_list("pk", flat=True)[:SWEEP_BATCH]):
        with transaction.atomic():
            deleted += rows.model._default_manager.filter(pk__in=batch).delete()[1].get(rows.model._meta.label, 0)
    return deleted
