"""The one way in: a bearer token becomes a `Principal` here and nowhere else (RFC 6750, RFC 8707).

There is no other identity: no header, cookie, argument or session map says who is calling, and there is no default.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from django.conf import settings
from django.utils import timezone

from accounts.models import User
from oauth.errors import InsufficientScope, InvalidToken, TokenMissing
from oauth.models import AccessToken, Client, ConnectorSession
from oauth.tokens import digest

log = structlog.get_logger(__name__)

_TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]+=*")
MAX_TOKEN_LENGTH = 512


@dataclass(frozen=True, slots=True)
class Principal:
    """Who a token speaks for: the identity (issuer, subject), and the account it acts for, if any."""

    issuer: str
    subject: str
    user: User
    account: User | None
    link_initiated_by: str | None
    linked_at: datetime | None
    client: Client
    session: ConnectorSession
    scopes: frozenset[str]
    expires_at: datetime

    @property
    def is_guest(self) -> bool:
        """Whether the person connected without signing in."""
        return self.user.is_guest

    @property
    def is_linked(self) -> bool:
        """Whether the token acts for an account."""
        return self.account is not None


def read_authorization_header(value: str | None) -> str | None:
    """The token of an `Authorization` header, or None when it carries no bearer credentials (RFC 6750 §2.1).

    Raises:
        InvalidToken: it says Bearer, but what follows is not a token.
    """
    if value is None:
        return None
    scheme, _, token = value.strip().partition(" ")
    if scheme.lower() != "bearer":
        return None
    token = token.strip()
    if len(token) > MAX_TOKEN_LENGTH or not _TOKEN.fullmatch(token):
        raise InvalidToken("malformed")
    return token


def resolve_bearer_token(token: str, *, resource: str) -> Principal:
    """Turn an access token into its principal, with one query.

    Raises:
        InvalidToken: the token does not act at `resource`; `reason` says why, for the log only.
    """
    row = (
        AccessToken.objects.select_related("application", "session__user__account_link__account")
        .filter(token_checksum=digest(token))
        .first()
    )
    if row is None:
        raise _refusal("unknown")
    now = timezone.now()
    session = row.session
    client: Client | None = row.application
    if row.expires <= now:
        raise _refusal("expired", session)
    if session.issuer != settings.DEXTER_ISSUER:
        raise _refusal("other_issuer", session)
    if not session.is_live(now):
        raise _refusal("session_ended", session)
    if resource not in row.resource:
        raise _refusal("other_resource", session)
    if client is None or client.pk != session.client_id or not client.is_usable(None):
        raise _refusal("client_blocked", session)
    if not session.user.is_active:
        raise _refusal("user_inactive", session)
    account, initiated_by, linked_at = _account_of(session)
    return Principal(
        issuer=session.issuer,
        subject=session.user.subject,
        user=session.user,
        account=account,
        link_initiated_by=initiated_by,
        linked_at=linked_at,
        client=client,
        session=session,
        scopes=frozenset(row.scope.split()),
        expires_at=row.expires,
    )


def linked_account(guest: User) -> User | None:
    """The account that a guest's connections act for, because the identity is linked.

    The link is read through the reverse relation that `linking` adds, because imports point the other way.
    """
    link = getattr(guest, "account_link", None)
    if link is None or link.issuer != settings.DEXTER_ISSUER or not link.account.is_active:
        return None
    account: User = link.account
    return account


def is_linked(guest: User) -> bool:
    """Whether the guest's identity is linked, whatever has become of the account."""
    return hasattr(guest, "account_link")


def account_behind(user: User) -> User | None:
    """The account that the connections of `user` act for: itself, or the one that a guest's identity is linked to."""
    return linked_account(user) if user.is_guest else user


def _account_of(session: ConnectorSession) -> tuple[User | None, str | None, datetime | None]:
    """Whom the session acts for. A signed-in person needs no link; a guest acts for nobody until one is made."""
    if not session.user.is_guest:
        return session.user, "sign_in", session.created_at
    account = linked_account(session.user)
    if account is None:
        return None, None, None
    link: Any = session.user.account_link
    return account, link.link_initiated_by, link.linked_at


def _refusal(reason: str, session: ConnectorSession | None = None) -> InvalidToken:
    log.info("bearer.refused", reason=reason, session_id=str(session.id) if session else None)
    return InvalidToken(reason)


def protected_resource_metadata_url() -> str:
    """Where the protected-resource document of the MCP endpoint is (RFC 9728 §3.1)."""
    return f"{settings.DEXTER_PUBLIC_URL}/.well-known/oauth-protected-resource/mcp"


def bearer_challenge(
    *, error: str | None = None, description: str | None = None, scopes: Iterable[str] | None = None
) -> str:
    """A complete `WWW-Authenticate` value (RFC 6750 §3, RFC 9728 §5.1).

    `error` belongs in it only when a token was sent. `scopes` are those the call needs, by default the resource's.
    """
    parameters = {
        "error": error,
        "error_description": description if error else None,
        "resource_metadata": protected_resource_metadata_url(),
        "scope": " ".join(settings.DEXTER_RESOURCE_SCOPES if scopes is None else scopes),
    }
    return "Bearer " + ", ".join(f'{name}="{value}"' for name, value in parameters.items() if value)


def challenge_for(refusal: InvalidToken | InsufficientScope, *, scopes: Iterable[str] | None = None) -> str:
    """The `WWW-Authenticate` value of a refusal. A missing token is no error of the caller's (RFC 6750 §3.1).

    `scopes` are those of the endpoint; a refusal that names what the call needs wins.
    """
    if isinstance(refusal, TokenMissing):
        return bearer_challenge(scopes=scopes)
    if isinstance(refusal, InsufficientScope):
        scopes = refusal.scopes
    return bearer_challenge(error=refusal.error, description=refusal.description, scopes=scopes)
