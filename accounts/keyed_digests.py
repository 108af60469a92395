"""Digests that this site alone can make: HMAC-SHA256 under the secret key."""

from __future__ import annotations

from django.conf import settings
from django.utils.crypto import salted_hmac


def keyed_digests(purpose: str, value: str) -> list[str]:
    """The digest of `value` for `purpose`, in hexadecimal: under SECRET_KEY, then under each of SECRET_KEY_FALLBACKS.

    Whoever keeps one keeps the first; whoever compares takes any of them, so that what is kept outlives a new key.
    """
    secret_keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return [salted_hmac(purpose, value, secret=key, algorithm="sha256").hexdigest() for key in secret_keys]
