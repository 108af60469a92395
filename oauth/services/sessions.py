"""A person's decision about a client, the session that it opens, and its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from oauth2_provider.settings import oauth2_settings

from accounts.audit import record_audit
from accounts.models import User
from accounts.services import create_guest
from oauth.audit import OAuthAction
from oauth.bearer import account_behind, is_linked
from oauth.errors import ConsentOutdated
from oauth.models import Client, ConnectorSession, Grant
from oauth.telling import tell_ended
from oauth.tokens import digest, generate_authorization_code


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


def touch_session(*, session: ConnectorSession, used_at: datetime | None = None) -> None:
    """Note when the session and its client were used: now, unless `used_at` says otherwise."""
    used_at = used_at or timezone.now()
    ConnectorSession.objects.filter(pk=session.pk).update(last_used_at=used_at)
    Client.objects.filter(pk=session.client_id).update(last_used_at=used_at)
