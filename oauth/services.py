"""What is done to clients, sessions and tokens. Each service owns its transaction and its audit row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from oauth2_provider.settings import oauth2_settings

from accounts.audit import record_audit
from accounts.models import User
from accounts.services import create_guest
from oauth.audit import OAuthAction
from oauth.bearer import account_behind, is_linked
from oauth.errors import ConsentOutdated
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
from oauth.telling import tell_blocked, tell_ended
from oauth.tokens import digest, generate_authorization_code

UNUSED_CLIENT_LIFETIME = timedelta(hours=24)
IDLE_CLIENT_LIFETIME = timedelta(days=90)
# How long an ended session, with its codes and tokens, stays for staff to look at.
ENDED_SESSION_RETENTION = timedelta(days=90)
UNREDEEMED_SESSION_LIFETIME = timedelta(hours=24)
USED_CODE_RETENTION = timedelta(days=1)
SWEEP_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Consent:
    """A person's decision to let a client in. `user` is None for somebody new who goes on without an account.

    `authenticated_at` is when an account's person showed who they are; None for a guest.
    """

    user: User | None
    address: str | None
    user_agent: str
    authenticated_at: datetime | None = None


@transaction.atomic
def issue_authorization_code(
    *,
    consent: Consent,
    client: Client,
    redirect_uri: str,
    scopes: Sequence[str],
    code_challenge: str,
    nonce: str = "",
) -> tuple[Grant, str]:
    """Open the session that a consent begins, for a new guest if need be, and give out its code (RFC 6749 §4.1.2).

    Returns the stored grant and the code, of which only the digest is stored.

    Raises:
        ConsentOutdated: the person or the client was deleted or shut out while the consent was on its way, or the guest
            was linked: it is nobody's guest any more (`oauth.consent.guest_to_be`).
    """
    _hold_parties(consent.user, client)
    if consent.user is not None and consent.user.is_guest and is_linked(User.objects.get(pk=consent.user.pk)):
        raise ConsentOutdated("guest_linked")
    user = consent.user or create_guest(address=consent.address)
    session = open_session(
        user=user,
        client=client,
        redirect_uri=redirect_uri,
        scopes=scopes,
        address=consent.address,
        user_agent=consent.user_agent,
        authenticated_at=consent.authenticated_at,
    )
    code = generate_authorization_code()
    grant = Grant.objects.create(
        application=client,
        user=user,
        session=session,
        code=digest(code),
        expires=session.created_at + timedelta(seconds=oauth2_settings.AUTHORIZATION_CODE_EXPIRE_SECONDS),
        redirect_uri=redirect_uri,
        scope=session.scope,
        code_challenge=code_challenge,
        code_challenge_method=Grant.CODE_CHALLENGE_S256,
        nonce=nonce,
        claims="{}",
        resource=[session.resource],
    )
    return grant, code


@transaction.atomic
def deny_authorization(*, user: User | None, client: Client, address: str | None) -> None:
    """Write down that a person did not let a client in.

    Raises:
        ConsentOutdated: the person or the client was deleted or shut out meanwhile.
    """
    _hold_parties(user, client)
    record_audit(
        OAuthAction.AUTHORIZATION_DENIED, actor=user, account=user, client_id=client.client_id, address=address
    )


def _hold_parties(user: User | None, client: Client) -> None:
    """Let nobody delete them before the session is stored; whoever deletes an account locks it first as well."""
    people = User.objects.select_for_update(no_key=True).filter(is_active=True)
    clients = Client.objects.select_for_update(no_key=True).filter(blocked_at=None)
    if user is not None and not people.filter(pk=user.pk):
        raise ConsentOutdated("person_gone")
    if not clients.filter(pk=client.pk):
        raise ConsentOutdated("client_gone")


@transaction.atomic
def open_session(
    *,
    user: User,
    client: Client,
    redirect_uri: str,
    scopes: Sequence[str],
    address: str | None,
    user_agent: str,
    authenticated_at: datetime | None = None,
) -> ConnectorSession:
    """Record a consent. The session lives for a year at most, whatever is refreshed in it."""
    now = timezone.now()
    session = ConnectorSession.objects.create(
        user=user,
        client=client,
        issuer=settings.DEXTER_ISSUER,
        resource=settings.DEXTER_RESOURCE,
        scope=" ".join(scopes),
        redirect_uri=redirect_uri,
        address=address,
        user_agent=user_agent[:255].replace("\x00", ""),
        authenticated_at=authenticated_at,
        created_at=now,
        expires_at=now + settings.DEXTER_SESSION_LIFETIME,
    )
    record_audit(
        OAuthAction.SESSION_OPENED,
        actor=user,
        account=account_behind(user),
        client_id=client.client_id,
        session_id=session.id,
        address=address,
        detail={"scope": session.scope, "redirect_host": session.redirect_host, "guest": user.is_guest},
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
    account = account_behind(session.user)
    record_audit(
        OAuthAction.SESSION_ENDED,
        actor=actor,
        account=account,
        client_id=session.client.client_id,
        session_id=session.pk,
        address=address,
        reason=str(reason),
    )
    if account is not None and reason == ConnectorSession.EndReason.STAFF:
        tell_ended(session=session, account=account)
    return True


@transaction.atomic
def flag_client(*, client: Client, actor: User | None, address: str | None = None) -> None:
    """Mark a client that a person disowned, for staff to look at. The first report counts; nothing is blocked by it."""
    Client.objects.filter(pk=client.pk, flagged_at=None).update(flagged_at=timezone.now())
    record_audit(OAuthAction.CLIENT_FLAGGED, actor=actor, account=actor, client_id=client.client_id, address=address)


@transaction.atomic
def block_client(*, client: Client, actor: User, blocked: bool) -> bool:
    """Shut a client out, or let it in again. A blocked client can neither authorize nor use the tokens it has.

    The people for whom it acted are told by e-mail, unless it is only let in again.
    """
    now = timezone.now()
    changed = Client.objects.filter(pk=client.pk, blocked_at__isnull=blocked).update(
        blocked_at=now if blocked else None
    )
    if changed:
        action = OAuthAction.CLIENT_BLOCKED if blocked else OAuthAction.CLIENT_UNBLOCKED
        record_audit(action, actor=actor, client_id=client.client_id)
    if changed and blocked:
        # It is blocked whether they can be told or not.
        transaction.on_commit(lambda: tell_blocked.delay(client.pk), robust=True)
    return bool(changed)


def touch_session(*, session: ConnectorSession, used_at: datetime | None = None) -> None:
    """Note when the session and its client were used: now, unless `used_at` says otherwise."""
    used_at = used_at or timezone.now()
    ConnectorSession.objects.filter(pk=session.pk).update(last_used_at=used_at)
    Client.objects.filter(pk=session.client_id).update(last_used_at=used_at)


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
    """Registered clients never used in 24 hours, or without a live session and unused for 90 days (connectors, rule 7).

    Those with a metadata document too: it is fetched again when it is asked for again. One that staff blocked or a
    person reported stays: it would only come again, with a clean record.
    """
    live = ConnectorSession.objects.filter(client=OuterRef("pk"), ended_at=None, expires_at__gt=now)
    return Client.objects.filter(
        ~Exists(live),
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
