"""Token introspection (RFC 7662): for a confidential client, about the resource it serves, and nothing else.

django-oauth-toolkit's endpoint opens to any public client id when the body names the device grant (connectors §3,
hole 5), and answers about every token. Here a client that staff marked as the server of a resource asks about tokens
for that resource; to anybody else every token is inactive.
"""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from oauth.bearer import resolve_bearer_token
from oauth.errors import InvalidToken
from oauth.models import Client, RefreshToken
from oauth.tokens import digest

INACTIVE: dict[str, Any] = {"active": False}


def introspect_token(*, token: str, client: Client) -> dict[str, Any]:
    """What `client` may know of `token` (RFC 7662 §2.2)."""
    if not client.served_resource:
        return INACTIVE
    try:
        principal = resolve_bearer_token(token, resource=client.served_resource)
    except InvalidToken:
        return _introspect_refresh_token(token, client)
    return {
        "active": True,
        "token_type": "Bearer",
        "iss": principal.issuer,
        "sub": principal.subject,
        "aud": client.served_resource,
        "client_id": principal.client.client_id,
        "scope": " ".join(sorted(principal.scopes)),
        "exp": int(principal.expires_at.timestamp()),
        "iat": int(principal.session.created_at.timestamp()),
    }


def _introspect_refresh_token(token: str, client: Client) -> dict[str, Any]:
    row = (
        RefreshToken.objects.select_related("session__client", "session__user", "application")
        .filter(token_checksum=digest(token), revoked=None, first_used_at=None, expires_at__gt=timezone.now())
        .first()
    )
    if row is None or client.served_resource not in row.resource or not row.session.is_live():
        return INACTIVE
    if not row.session.user.is_active or not row.application.is_usable(None):
        return INACTIVE
    return {
        "active": True,
        "iss": row.session.issuer,
        "sub": row.session.user.subject,
        "aud": client.served_resource,
        "client_id": row.session.client.client_id,
        "scope": row.session.scope,
        "exp": int(row.expires_at.timestamp()),
    }
