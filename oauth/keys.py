"""The keys that sign ID tokens: made on first use, encrypted at rest, published at the JWKS endpoint (RFC 7517)."""

from __future__ import annotations

import base64
from functools import lru_cache

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.db import transaction
from django.utils.crypto import salted_hmac
from jwcrypto.jwk import JWK

from oauth.models import SigningKey

RSA_BITS = 2048


def current_signing_key() -> JWK:
    """The private key that signs new ID tokens, made on first use."""
    row = SigningKey.objects.filter(retired_at=None).order_by("created_at").first() or _make_signing_key()
    return _load(row.key_id, bytes(row.encrypted_pem))


def published_keys() -> list[dict[str, str]]:
    """The public halves of every key whose tokens may still be about (RFC 7517 §5)."""
    keys = []
    current_signing_key()
    for row in SigningKey.objects.all():
        public = _load(row.key_id, bytes(row.encrypted_pem)).export_public(as_dict=True)
        keys.append({**public, "alg": "RS256", "use": "sig", "kid": row.key_id})
    return keys


@transaction.atomic
def _make_signing_key() -> SigningKey:
    private_key = rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)
    pem = private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    row = SigningKey(key_id=JWK.from_pem(pem).thumbprint(), encrypted_pem=_fernet().encrypt(pem))
    row.save(force_insert=True)
    # Two workers may get here at once; both then use the older key, and the other one is published to no harm.
    return SigningKey.objects.filter(retired_at=None).order_by("created_at")[0]


def _fernet() -> Fernet:
    key = salted_hmac("oauth.keys.encryption", "signing key", algorithm="sha256").digest()
    return Fernet(base64.urlsafe_b64encode(key))


@lru_cache(maxsize=16)
def _load(key_id: str, encrypted_pem: bytes) -> JWK:
    return JWK.from_pem(_fernet().decrypt(encrypted_pem))
