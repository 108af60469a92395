"""What can go wrong in the authorization server, and the words for it.

OAuthError
├── InvalidToken          401 invalid_token: a bearer token that does not act (RFC 6750 §3.1)
│   └── TokenMissing      401 unauthorized: none was sent
├── InsufficientScope     403 insufficient_scope: a good token that may not do this (RFC 6750 §3.1)
├── InvalidRegistrationToken  401 invalid_token: not the token of this registration (RFC 7592 §3)
├── RegistrationError     400: a client that may not register (RFC 7591 §3.2.2)
│   ├── InvalidRedirectURI
│   └── InvalidClientMetadata
├── DocumentNotFetched    503 temporarily_unavailable: another host's document that cannot be had within the limits
│   └── FetchesBusy       as many fetches as this process allows are under way
├── ClientDocumentRefused 400 invalid_client: a client whose metadata document cannot be used
│   └── NewDocumentsLimited   503 temporarily_unavailable: too many unknown documents for now
├── LogoRefused           400: a file that is no picture that may be shown
├── ConsentOutdated       400: the person or the client is gone since the page was shown; the page is shown again
├── UnauthorizedClient    400 unauthorized_client: a client that may not use this grant (RFC 6749 §5.2)
├── ClientAuthenticationAmbiguous  400 invalid_request: half a way, or two, to authenticate (RFC 6749 §5.2)
├── InvalidClientAssertion    401 invalid_client: the proof of a private key does not hold (RFC 7523 §3)
├── ClientKeysUnavailable     503 temporarily_unavailable: the keys to check it with cannot be had
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


class TokenMissing(InvalidToken):
    """Nobody is calling: no token was sent. That is how each connection begins."""

    error = "unauthorized"
    description = "An access token is needed. Sign in to get one."


class InsufficientScope(OAuthError):
    """The token is good, but its session was not granted what the call needs."""

    status = 403
    error = "insufficient_scope"
    description = "The connection was not allowed to do this. Ask the person to allow it."

    def __init__(self, scopes: Iterable[str]) -> None:
        super().__init__()
        self.scopes = tuple(scopes)


class InvalidRegistrationToken(OAuthError):
    """The registration access token is missing, wrong, or for another client; or the client is gone."""

    status = 401
    error = "invalid_token"
    description = "The registration access token is not valid for this client."


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


class DocumentNotFetched(OAuthError):
    """A document that its host did not serve in time, in size, in the right type and from a public address."""

    status = 503
    error = "temporarily_unavailable"
    description = "The document could not be fetched."


class FetchesBusy(DocumentNotFetched):
    """No fetch was tried: this process has as many under way as it allows."""


class ClientDocumentRefused(OAuthError):
    """A client ID that is a URL, without a metadata document there that can be used. `reason` says why, for the log."""

    error = "invalid_client"
    description = "The description of the client cannot be read, or not accepted."


class NewDocumentsLimited(ClientDocumentRefused):
    """So many unknown documents were asked for that no other is fetched for now."""

    status = 503
    error = "temporarily_unavailable"
    description = "Too many new clients at once. Try again later."


class LogoRefused(OAuthError):
    """A file that is no PNG, JPEG or WebP, is too large, or breaks off."""

    description = "The file is no picture that may be shown."


class ConsentOutdated(OAuthError):
    """The person who agreed, or the client they agreed to, was deleted or shut out a moment ago."""

    description = "Something changed meanwhile. Look at the page again."


class UnauthorizedClient(OAuthError):
    """The client proved who it is, and may not use this grant."""

    error = "unauthorized_client"
    description = "This client may not use this grant."


class ClientAuthenticationAmbiguous(OAuthError):
    """A client assertion without its type, or together with another credential (RFC 6749 §2.3: one at a time)."""

    description = "Send one complete way to authenticate: the client assertion with its type, and nothing else."


class InvalidClientAssertion(OAuthError):
    """A client assertion that is malformed, expired, replayed, for somebody else, or signed with an unknown key."""

    status = 401
    error = "invalid_client"
    description = "The client assertion is not valid."


class ClientKeysUnavailable(OAuthError):
    """The keys that a client assertion is checked with cannot be fetched right now. The client is not to blame."""

    status = 503
    error = "temporarily_unavailable"
    description = "The client's keys cannot be fetched right now. Try again."


class CredentialReplayed(OAuthError):
    """A code or refresh token that was already used. It may have been stolen, so its session has to end."""

    error = "invalid_grant"
    description = "The grant is invalid, expired or already used."
    # Why the session ends, as a value of `ConnectorSession.EndReason`, and what the log says.
    end_reason: ClassVar[str]

    def __init__(self, session: ConnectorSession) -> None:
        super().__init__(self.end_reason)
        self.session = session


class CodeReplayed(CredentialReplayed):
    """An authorization code was used twice (RFC 6749 §4.1.2)."""

    end_reason = "code_replayed"


class RefreshTokenReplayed(CredentialReplayed):
    """A refresh token was used after its successor (RFC 9700 §4.14.2)."""

    end_reason = "refresh_replayed"
