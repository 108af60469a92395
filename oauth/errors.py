"""What can go wrong in the authorization server, and the words for it.

OAuthError
├── InvalidToken          401 invalid_token: a bearer token that does not act (RFC 6750 §3.1)
├── InsufficientScope     403 insufficient_scope: a good token that may not do this (RFC 6750 §3.1)
├── RegistrationError     400: a client that may not register (RFC 7591 §3.2.2)
│   ├── InvalidRedirectURI
│   └── InvalidClientMetadata
└── CredentialReplayed    400 invalid_grant: a one-time credential came twice; its session ends
    ├── CodeReplayed
    └── RefreshTokenReplayed

`error` is the RFC's code. `description` goes to the caller and is the same for every cause; `reason` is for the log.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from oauth.models import ConnectorSession


class OAuthError(Exception):
    """The root of the tree. `status` is the HTTP status of the answer."""

    status: ClassVar[int] = 400
    error: ClassVar[str] = "invalid_request"
    description: ClassVar[str] = "The request cannot be answered."

    def __init__(self, reason: str = "") -> None:
        super().__init__(self.description)
        self.reason = reason or self.error


class InvalidToken(OAuthError):
    """The token is malformed, unknown, expired, for another resource, or its session, client or user has ended."""

    status = 401
    error = "invalid_token"
    description = "The access token is missing, expired or revoked. Sign in again to get a new one."


class InsufficientScope(OAuthError):
    """The token is good, but its session was not granted what the call needs."""

    status = 403
    error = "insufficient_scope"
    description = "The connection was not allowed to do this. Ask the person to allow it."

    def __init__(self, scopes: Iterable[str]) -> None:
        super().__init__()
        self.scopes = tuple(scopes)


class RegistrationError(OAuthError):
    """A registration that is refused (RFC 7591 §3.2.2). Its description names the fault: it is the caller's own."""

    error = "invalid_client_metadata"

    def __init__(self, fault: str) -> None:
        super().__init__(fault)
        self.fault = fault


class InvalidRedirectURI(RegistrationError):
    """A redirect URI that may not be registered."""

    error = "invalid_redirect_uri"


class InvalidClientMetadata(RegistrationError):
    """A metadata field that may not be registered."""


class CredentialReplayed(OAuthError):
    """A code or refresh token that was already used. It may have been stolen, so its session has to end."""

    error = "invalid_grant"
    description = "The grant is invalid, expired or already used."

    def __init__(self, session: ConnectorSession) -> None:
        super().__init__(self.__class__.__name__)
        self.session = session


class CodeReplayed(CredentialReplayed):
    """An authorization code was used twice (RFC 6749 §4.1.2)."""


class RefreshTokenReplayed(CredentialReplayed):
    """A refresh token was used after its successor (RFC 9700 §4.14.2)."""
