"""The audit tags of the authorization server."""

from __future__ import annotations

from enum import StrEnum


class OAuthAction(StrEnum):
    """What happens to clients, sessions and tokens."""

    CLIENT_REGISTERED = "oauth.client.registered"
    CLIENT_FLAGGED = "oauth.client.flagged"
    CLIENT_BLOCKED = "oauth.client.blocked"
    CLIENT_UNBLOCKED = "oauth.client.unblocked"
    CLIENT_UPDATED = "oauth.client.updated"
    CLIENT_REMOVED = "oauth.client.removed"
    CLIENT_SET_UP = "oauth.client.set_up"
    CLIENT_DOCUMENT_REQUESTED = "oauth.client_document.requested"
    CLIENT_DOCUMENT_STORED = "oauth.client_document.stored"
    CLIENT_DOCUMENT_CHANGED = "oauth.client_document.changed"
    CLIENT_DOCUMENT_FAILED = "oauth.client_document.failed"
    CLIENT_DOCUMENT_REFUSED = "oauth.client_document.refused"
    CLIENT_LOGO_CHANGED = "oauth.client_logo.changed"
    CLIENT_LOGO_REMOVED = "oauth.client_logo.removed"
    CLIENTS_SWEPT = "oauth.clients.swept"
    REGISTRATION_REFUSED = "oauth.registration.refused"
    AUTHORIZATION_REFUSED = "oauth.authorization.refused"
    AUTHORIZATION_DENIED = "oauth.authorization.denied"
    SESSION_OPENED = "oauth.session.opened"
    SESSION_CONNECTED = "oauth.session.connected"
    SESSION_ENDED = "oauth.session.ended"
    SERVICE_TOKEN_ISSUED = "oauth.service_token.issued"  # noqa: S105
    SERVICE_TOKEN_REVOKED = "oauth.service_token.revoked"  # noqa: S105
    TOKEN_REFUSED = "oauth.token.refused"  # noqa: S105
    INTROSPECTION_REFUSED = "oauth.introspection.refused"
    SIGNING_KEY_ROTATED = "oauth.signing_key.rotated"
    REVOCATION_REFUSED = "oauth.revocation.refused"
    TOKENS_SWEPT = "oauth.tokens.swept"
