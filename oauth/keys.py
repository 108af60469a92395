"""The keys that sign ID tokens: made on first use, encrypted at rest, published at the JWKS endpoint (RFC 7517)."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache

import structlog
from cryptography.fernet import InvalidToken, MultiFernet
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.db import transaction
from django.utils import timezone
from jwcrypto.jwk import JWK
from oauth2_provider.settings import oauth2_settings

from accounts.audit import record_audit
from accounts.encryption import encryption_for
from accounts.models import User
from oauth.audit import OAuthAction
from oauth.models import SigningKey

log = structlog.get_logger(__name__)

RSA_BITS = 2048
# Of the encryption at rest.
PURPOSE = "oauth.keys"


def current_signing_key() -> JWK:
    """The private key that signs new ID tokens, made on first use.

    A key that was encrypted under another DEXTER_SECRET_KEY, which is no fallback either, is as good as retired: nobody
    can sign with it any more.
    """
    rows = SigningKey.objects.filter(retired_at=None).order_by("created_at")
    readable = (key for row in rows if (key := _load(row)) is not None)
    return next(readable, None) or _make_signing_key()


def published_keys() -> list[dict[str, str]]:
    """The public halves of every key whose tokens may still be about (RFC 7517 §5)."""
    current_signing_key()
    keys = []
    for row in SigningKey.objects.all():
        key = _load(row)
        if key is not None:
            keys.append({**key.export_public(as_dict=True), "alg": "RS256", "use": "sig", "kid": row.key_id})
    return keys


@transaction.atomic
def rotate_signing_key(*, actor: User | None = None) -> str:
    """Retire the keys in use and sign with a new one from now on.

    A retired key is published until every ID token that it signed has expired; `forget_retired_keys` removes it then.

    Returns the id of the new key.
    """
    retired = SigningKey.objects.filter(retired_at=None).update(retired_at=timezone.now())
    key_id: str = _make_signing_key().thumbprint()
    record_audit(OAuthAction.SIGNING_KEY_ROTATED, actor=actor, detail={"key_id": key_id, "retired": retired})
    return key_id


def forget_retired_keys() -> int:
    """Delete keys whose last ID token has expired, and return how many."""
    lifetime = timedelta(seconds=oauth2_settings.ID_TOKEN_EXPIRE_SECONDS)
    return SigningKey.objects.filter(retired_at__lt=timezone.now() - lifetime).delete()[0]


def _make_signing_key() -> JWK:
    # Two workers may get here at once. Each signs with its own key this time; both are published, the older goes on.
    private_key = rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)
    pem = private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    key = JWK.from_pem(pem)
    SigningKey.objects.create(key_id=key.thumbprint(), encrypted_pem=encryption_for(PURPOSE).encrypt(pem))
    return key


def _load(row: SigningKey) -> JWK | None:
    return _decrypt(row.key_id, bytes(row.encrypted_pem), encryption_for(PURPOSE))


@lru_cache(maxsize=16)
def _decrypt(key_id: str, encrypted_pem: bytes, encryption: MultiFernet) -> JWK | None:
    try:
        return JWK.from_pem(encryption.decrypt(encrypted_pem))
    except InvalidToken:
        log.warning("signing_key.unreadable", key_id=key_id)
        return None
