"""The audit tags of the authorization server."""

from __future__ import annotations

from enum import StrEnum


class OAuthAction(StrEnum):
    """What happens to clients, sessions and tokens."""

    CLIENT_REGISTERED = "oauth.client.registered"
    CLIENT_FLAGGED = "oauth.client.flagged"
    CLIENT_BLOCKED = "oauth.client.blocked"
    CLIENT_UNBLOCKED = "oauth.client.unblocked"
    CLIENTS_SWEPT = "oauth.clients.swept"
    REGISTRATION_REFUSED = "oauth.registration.refused"
    AUTHORIZATION_REFUSED = "oauth.authorization.refused"
    AUTHORIZATION_DENIED = "oauth.authorization.denied"
    SESSION_OPENED = "oauth.session.opened"
    SESSION_CONNECTED = "oauth.session.connected"
    SESSION_ENDED = "oauth.session.ended"
    TOKEN_REFUSED = "oauth.token.refused"  # noqa: S105
    REVOCATION_REFUSED = "oauth.revocation.refused"
    TOKENS_SWEPT = "oauth.tokens.swept"
