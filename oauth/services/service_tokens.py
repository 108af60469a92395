"""Tokens of services: a client that staff trust asks which account an identity acts for (RFC 6749 §4.4).

The grant is not advertised: only staff can make a client that may use it, and they know. A service token is for
`/api/identity/resolve` alone; it is no `Principal`, and nothing that takes one ever sees it.
"""

from __future__ import annotations

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.audit import record_audit
from accounts.models import User
from oauth.audit import OAuthAction
from oauth.errors import InvalidToken, UnauthorizedClient
from oauth.models import Client, ServiceToken
from oauth.tokens import digest, generate_service_token


@transaction.atomic
def issue_service_token(*, client: Client, address: str | None) -> str:
    """A token for `client`, which has proved its secret; it lives as long as an access token of a person.

    Raises:
        UnauthorizedClient: staff did not make it for this.
    """
    if not _may_resolve(client):
        raise UnauthorizedClient("not_a_service")
    token = generate_service_token()
    expires_at = timezone.now() + settings.DEXTER_ACCESS_TOKEN_LIFETIME
    ServiceToken.objects.create(token_checksum=digest(token), client=client, expires_at=expires_at)
    record_audit(OAuthAction.SERVICE_TOKEN_ISSUED, client_id=client.client_id, address=address)
    return token


def resolve_service_token(token: str) -> Client:
    """The service that a token speaks for.

    Raises:
        InvalidToken: it is unknown or expired, or staff blocked the client or took the right away.
    """
    row = ServiceToken.objects.select_related("client").filter(token_checksum=digest(token)).first()
    if row is None:
        raise InvalidToken("unknown")
    if row.expires_at <= timezone.now():
        raise InvalidToken("expired")
    if not _may_resolve(row.client):
        raise InvalidToken("not_a_service")
    return row.client


@transaction.atomic
def revoke_service_token(*, row: ServiceToken, actor: User | None, address: str | None = None) -> bool:
    """Let a token act no more. Returns whether it was this call that did it."""
    now = timezone.now()
    revoked = ServiceToken.objects.filter(pk=row.pk, expires_at__gt=now).update(expires_at=now) == 1
    if revoked:
        record_audit(OAuthAction.SERVICE_TOKEN_REVOKED, actor=actor, client_id=row.client.client_id, address=address)
    return revoked


def revoke_own_service_token(token: str, *, client: Client) -> bool:
    """Let a token act no more at the wish of `client`, which has proved its secret (RFC 7009 §2.1).

    One of another client is left alone, as if it were unknown. Returns whether it was this call that revoked it.
    """
    row = ServiceToken.objects.select_related("client").filter(token_checksum=digest(token), client=client).first()
    return row is not None and revoke_service_token(row=row, actor=None)


def _may_resolve(client: Client) -> bool:
    staff_made = client.registration_source == Client.RegistrationSource.MANUAL
    return client.may_resolve_identities and staff_made and client.has_secret and client.is_usable(None)
