"""What a code or a refresh token is traded for, in the token endpoint's transaction, which has locked the session."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from oauth2_provider.models import set_token_value

from accounts.audit import record_audit
from oauth.audit import OAuthAction
from oauth.bearer import account_behind
from oauth.errors import CodeReplayed
from oauth.models import AccessToken, ConnectorSession, Grant, IDToken, RefreshToken
from oauth.telling import tell_connected
from oauth.tokens import digest


@transaction.atomic
def spend_code(*, grant: Grant, session: ConnectorSession, now: datetime) -> None:
    """Use a code up, and tell the person that its session acts from now on.

    Raises:
        CodeReplayed: another request spent the code first.
    """
    if Grant.objects.filter(pk=grant.pk, used_at=None).update(used_at=now) != 1:
        raise CodeReplayed(session)
    ConnectorSession.objects.filter(pk=session.pk, connected_at=None).update(connected_at=now)
    record_audit(
        OAuthAction.SESSION_CONNECTED,
        account=account_behind(session.user),
        client_id=session.client.client_id,
        session_id=session.pk,
    )
    tell_connected(session=session)


def store_access_token(
    *,
    session: ConnectorSession,
    value: str,
    scope: str,
    resource: Sequence[str],
    lifetime: timedelta,
    id_token: IDToken | None,
    now: datetime,
) -> timedelta:
    """Keep the digest of an access token. Returns how long it lives: never longer than its session."""
    expires_at = min(now + lifetime, session.expires_at)
    row = AccessToken(
        session=session,
        user=session.user,
        application=session.client,
        scope=scope,
        expires=expires_at,
        resource=resource,
        id_token=id_token,
    )
    set_token_value(row, value)
    row.save(force_insert=True)
    return expires_at - now


@transaction.atomic
def store_refresh_token(
    *,
    session: ConnectorSession,
    values: Sequence[str],
    resource: Sequence[str],
    predecessor: RefreshToken | None,
    now: datetime,
) -> str:
    """Keep the digest of the first of `values`, unless its predecessor was rotated to one of them already.

    Returns the value that is good from now on.
    """
    if predecessor is not None and not _use_first(predecessor, now):
        if again := _stored_one_of(values):
            return again
        # It was rotated under a secret key that the site has no more: that successor goes on as a chain of its own.
        RefreshToken.objects.filter(predecessor=predecessor).update(predecessor=None)
    row = RefreshToken(
        session=session,
        user=session.user,
        application=session.client,
        predecessor=predecessor,
        token_family=session.pk,
        resource=resource,
        expires_at=min(now + settings.DEXTER_REFRESH_TOKEN_LIFETIME, session.expires_at),
    )
    set_token_value(row, values[0])
    row.save(force_insert=True)
    return values[0]


def _use_first(row: RefreshToken, now: datetime) -> bool:
    return RefreshToken.objects.filter(pk=row.pk, first_used_at=None).update(first_used_at=now) == 1


def _stored_one_of(values: Sequence[str]) -> str | None:
    stored = RefreshToken.objects.filter(token_checksum__in=[digest(value) for value in values])
    known = set(stored.values_list("token_checksum", flat=True))
    return next((value for value in values if digest(value) in known), None)
