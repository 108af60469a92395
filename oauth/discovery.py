"""The discovery documents, built from settings and never from the request (RFC 9728, RFC 8414, OpenID Discovery).

Every form of a document is the same bytes: a client may ask at the root, with the path, or below it.
"""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings

from oauth.client_keys import ASSERTION_ALGORITHMS
from oauth.metadata_fields import SUPPORTED_GRANT_TYPES
from oauth.models import Client


def protected_resource_document() -> bytes:
    """Where to get a token for the MCP endpoint (RFC 9728 §3.2)."""
    return _encode(
        {
            "resource": settings.DEXTER_RESOURCE,
            "authorization_servers": [settings.DEXTER_ISSUER],
            "scopes_supported": settings.DEXTER_RESOURCE_SCOPES,
            "bearer_methods_supported": ["header"],
            "resource_name": settings.DEXTER_SITE_NAME,
        }
    )


def authorization_server_document() -> bytes:
    """What the authorization server offers (RFC 8414 §3.2)."""
    return _encode(_authorization_server_fields())


def openid_configuration_document() -> bytes:
    """The same with what OpenID Connect adds (OpenID Connect Discovery §4.2)."""
    return _encode(
        _authorization_server_fields()
        | {
            "subject_types_supported": ["public"],
            # Left out, the second would mean that it is supported.
            "request_parameter_supported": False,
            "request_uri_parameter_supported": False,
            "id_token_signing_alg_values_supported": ["RS256"],
            "claims_supported": [
                *("sub", "iss", "aud", "exp", "iat", "auth_time", "nonce"),
                *("name", "nickname", "email", "email_verified"),
            ],
        }
    )


def _authorization_server_fields() -> dict[str, Any]:
    base = settings.DEXTER_RESOURCE
    auth_methods = [str(method) for method in Client.AuthMethod.values]
    with_secret = [str(Client.AuthMethod.BASIC), str(Client.AuthMethod.POST)]
    fields: dict[str, Any] = {
        "issuer": settings.DEXTER_ISSUER,
        "authorization_endpoint": f"{base}/authorize",
        "token_endpoint": f"{base}/token",
        "registration_endpoint": f"{base}/register",
        "revocation_endpoint": f"{base}/revoke",
        "introspection_endpoint": f"{base}/introspect",
        "userinfo_endpoint": f"{base}/userinfo",
        "jwks_uri": f"{base}/jwks.json",
        "scopes_supported": list(settings.DEXTER_SCOPES),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": list(SUPPORTED_GRANT_TYPES),
        "client_id_metadata_document_supported": True,
        "token_endpoint_auth_methods_supported": auth_methods,
        "token_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
        "revocation_endpoint_auth_methods_supported": auth_methods,
        "revocation_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
        "introspection_endpoint_auth_methods_supported": with_secret,
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
    }
    # A client that cannot register learns the id that staff set up for it; without one the key is left out.
    if settings.DEXTER_CONNECTOR_CLIENT_ID:
        fields["mcp"] = {"client_id": settings.DEXTER_CONNECTOR_CLIENT_ID}
    return fields


def _encode(document: dict[str, Any]) -> bytes:
    return json.dumps(document, indent=2).encode()
