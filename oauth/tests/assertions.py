"""Client assertions as connectors sign them (RFC 7523 §2.2), for tests."""

from __future__ import annotations

import secrets
import time
from datetime import timedelta
from functools import cache
from typing import Any

from django.conf import settings
from django.test import Client as Browser
from django.utils import timezone
from jwcrypto.jwk import JWK
from jwcrypto.jwt import JWT

from accounts.models import AuditEntry
from oauth.models import Client
from oauth.tests.builders import REDIRECT_URI, make_client, make_client_document, make_grant, make_session
from oauth.tests.protocol import exchange_code

URL = "https://app.example.com/client.json"
REFUSED = "oauth.token.refused"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_KINDS: dict[str, dict[str, Any]] = {
    "RS256": {"kty": "RSA", "size": 2048},
    "PS256": {"kty": "RSA", "size": 2048},
    "ES256": {"kty": "EC", "crv": "P-256"},
    "EdDSA": {"kty": "OKP", "crv": "Ed25519"},
}


@cache
def make_key(kid: str, alg: str = "RS256") -> JWK:
    """The private key of that name, the same each time."""
    return JWK.generate(kid=kid, **_KINDS[alg])


KEY, OTHER_KEY = make_key("k1"), make_key("k2")


def key_set(*keys: JWK, **members: Any) -> dict[str, Any]:
    """The JWK set that a client publishes."""
    return {"keys": [key.export_public(as_dict=True) | members for key in keys]}


def sign(client_id: str, key: JWK, *, alg: str = "RS256", header: Any = None, **claims: Any) -> str:
    """An assertion. A claim or header that is ... is left out."""
    now = int(time.time())
    good = {
        "iss": client_id,
        "sub": client_id,
        "aud": f"{settings.DEXTER_RESOURCE}/token",
        "iat": now,
        "exp": now + 300,
        "jti": secrets.token_hex(16),
    }
    heads = {"alg": alg, "typ": "JWT", "kid": key.get("kid")} | (header or {})
    token = JWT(header=_without_gaps(heads), claims=_without_gaps(good | claims))
    token.make_signed_token(key)
    return str(token.serialize())


def proof(assertion: str) -> dict[str, str]:
    """The form fields that carry an assertion."""
    return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}


def _without_gaps(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not ...}


def make_signing_client(*, must_sign: bool = True, **fields: Any) -> Client:
    """A client with a stored document, whose keys are stored too unless `fields` say otherwise."""
    now = timezone.now()
    client = make_client(
        client_id=URL,
        registration_source=Client.RegistrationSource.CIMD,
        client_type=Client.CLIENT_CONFIDENTIAL if must_sign else Client.CLIENT_PUBLIC,
        token_endpoint_auth_method="private_key_jwt" if must_sign else "none",
        redirect_uris=REDIRECT_URI,
    )
    stored = {
        "jwks_uri": "https://app.example.com/jwks.json",
        "keys": key_set(make_key("k1"))["keys"],
        "keys_fetched_at": now - timedelta(minutes=2),
        "keys_attempted_at": now - timedelta(minutes=2),
        "keys_fresh_until": now + timedelta(hours=1),
    }
    make_client_document(client, **stored | fields)
    return client


def trade(client: Client, **fields: Any) -> Any:
    """Trade a new code."""
    _, code = make_grant(make_session(client=client, connected_at=None))
    return exchange_code(Browser(), client, code, **fields)


def reason() -> str:
    """Why the last token request was refused, for the log."""
    entry = AuditEntry.objects.filter(action=REFUSED).order_by("pk").last()
    assert entry is not None
    return entry.reason
