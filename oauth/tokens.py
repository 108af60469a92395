"""How tokens and codes are made, and what of them is kept: the SHA-256 digest, never the value."""

from __future__ import annotations

import base64
import hashlib
import secrets
from typing import Any

from accounts.keyed_digests import keyed_digests

ACCESS_TOKEN_PREFIX = "dxa_"  # noqa: S105
REFRESH_TOKEN_PREFIX = "dxr_"  # noqa: S105
AUTHORIZATION_CODE_PREFIX = "dxg_"
SERVICE_TOKEN_PREFIX = "dxm_"  # noqa: S105


def digest(value: str) -> str:
    """The hexadecimal SHA-256 of a token or code: what the database holds, and how it is looked up."""
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()


def _random(prefix: str) -> str:
    return prefix + secrets.token_urlsafe(32)


def generate_access_token(request: Any) -> str:
    """A new opaque access token of 256 random bits."""
    return _random(ACCESS_TOKEN_PREFIX)


def generate_authorization_code() -> str:
    """A new authorization code of 256 random bits."""
    return _random(AUTHORIZATION_CODE_PREFIX)


def generate_service_token() -> str:
    """A new access token of a service, 256 random bits."""
    return _random(SERVICE_TOKEN_PREFIX)


def generate_refresh_token(request: Any) -> str:
    """A new refresh token: 256 random bits at first, and derived from its predecessor when rotated.

    Rotating the same token twice must give the same successor, so that two processes that refresh at once, or one that
    lost the answer, go on in one chain. Only digests are kept, so the successor is an HMAC of the predecessor under the
    server's key: nobody else can compute it, and the server can, while it is shown the predecessor.
    """
    if getattr(request, "grant_type", None) == "refresh_token":
        return successors_of(request.refresh_token)[0]
    return _random(REFRESH_TOKEN_PREFIX)


def successors_of(refresh_token: str) -> list[str]:
    """What a refresh token is rotated to: under the site's secret key, then under each that it had before."""
    macs = keyed_digests("oauth.tokens.refresh_successor", refresh_token)
    return [REFRESH_TOKEN_PREFIX + base64.urlsafe_b64encode(bytes.fromhex(mac)).rstrip(b"=").decode() for mac in macs]
