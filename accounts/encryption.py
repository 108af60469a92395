"""What the database holds and must not show to whoever reads a copy of it: encrypted, under a key of each purpose."""

from __future__ import annotations

import base64
from functools import lru_cache

from cryptography.fernet import Fernet, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


def encryption_for(purpose: str) -> MultiFernet:
    """Encrypts under SECRET_KEY; reads what was encrypted under one of SECRET_KEY_FALLBACKS as well.

    What is encrypted for one purpose is of no use for another, nor anywhere else that the secret key protects.
    """
    return _encryption(purpose, (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))


@lru_cache(maxsize=16)
def _encryption(purpose: str, secret_keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(_derive(purpose, secret_key)) for secret_key in secret_keys])


def _derive(purpose: str, secret_key: str) -> bytes:
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose.encode()).derive(secret_key.encode())
    return base64.urlsafe_b64encode(key)
