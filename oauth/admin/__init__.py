"""The admin of clients, sessions and tokens: what staff see, and the few things that they do."""

from oauth.admin.clients import ClientAdmin, ClientDocumentAdmin, ClientLogoAdmin
from oauth.admin.sessions import ConnectorSessionAdmin
from oauth.admin.tokens import (
    AccessTokenAdmin,
    GrantAdmin,
    IDTokenAdmin,
    RefreshTokenAdmin,
    ServiceTokenAdmin,
    SigningKeyAdmin,
)

__all__ = [
    "AccessTokenAdmin",
    "ClientAdmin",
    "ClientDocumentAdmin",
    "ClientLogoAdmin",
    "ConnectorSessionAdmin",
    "GrantAdmin",
    "IDTokenAdmin",
    "RefreshTokenAdmin",
    "ServiceTokenAdmin",
    "SigningKeyAdmin",
]
