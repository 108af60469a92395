"""The authorization server's rows, swapped for django-oauth-toolkit's own from the first migration."""

from oauth.models.clients import Client, ClientDocument, ClientLogo, UsedAssertion
from oauth.models.sessions import ConnectorSession, ConnectorSessionQuerySet, Grant
from oauth.models.tokens import AccessToken, DeviceGrant, IDToken, RefreshToken, ServiceToken, SigningKey

__all__ = [
    "AccessToken",
    "Client",
    "ClientDocument",
    "ClientLogo",
    "ConnectorSession",
    "ConnectorSessionQuerySet",
    "DeviceGrant",
    "Grant",
    "IDToken",
    "RefreshToken",
    "ServiceToken",
    "SigningKey",
    "UsedAssertion",
]
