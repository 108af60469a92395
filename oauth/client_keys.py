"""The public keys that a client publishes: which are accepted, and which may have made a signature (RFC 7517)."""

from __future__ import annotations

from typing import Any

from jwcrypto.common import JWException
from jwcrypto.jwk import JWK

from oauth.errors import InvalidClientMetadata

# Each with the one kind of key that it works with (RFC 7518 §3.1, RFC 8037 §3.1).
ASSERTION_ALGORITHMS: dict[str, tuple[str, str | None]] = {
    "RS256": ("RSA", None),
    "PS256": ("RSA", None),
    "ES256": ("EC", "P-256"),
    "EdDSA": ("OKP", "Ed25519"),
}
MAX_KEYS = 20
# In bits: less is weak, and more burns our time with every signature.
MIN_RSA_BITS, MAX_RSA_BITS = 2048, 4096
_PUBLIC_MEMBERS = ("kty", "kid", "use", "alg", "n", "e", "crv", "x", "y")
_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


def read_keys(jwks: Any) -> list[dict[str, str]]:
    """The public keys of a JWK set that can check a signature here; others are left out (RFC 7517 §5).

    Raises:
        InvalidClientMetadata: it is no JWK set, it is a large one, or somebody published a private key.
    """
    keys = jwks.get("keys") if isinstance(jwks, dict) else None
    if not isinstance(keys, list) or len(keys) > MAX_KEYS or not all(isinstance(key, dict) for key in keys):
        raise InvalidClientMetadata(f"jwks must be a JWK set with at most {MAX_KEYS} keys.")
    if any(_PRIVATE_MEMBERS & key.keys() for key in keys):
        raise InvalidClientMetadata("jwks must not hold a private key.")
    public = [{name: key[name] for name in _PUBLIC_MEMBERS if name in key} for key in keys]
    return [key for key in public if _can_check_signatures(key)]


def candidate_keys(keys: list[dict[str, str]], *, key_id: str | None, algorithm: str) -> list[JWK]:
    """Those of `keys` that a signature may have been made with; all that fit it when it does not name one."""
    return [
        JWK(**key)
        for key in keys
        if (key_id is None or key.get("kid") == key_id)
        and key.get("alg", algorithm) == algorithm
        and (key["kty"], key.get("crv")) == ASSERTION_ALGORITHMS[algorithm]
    ]


def _can_check_signatures(key: dict[str, Any]) -> bool:
    if not all(isinstance(value, str) for value in key.values()) or key.get("use", "sig") != "sig":
        return False
    if (key.get("kty"), key.get("crv")) not in ASSERTION_ALGORITHMS.values():
        return False
    try:
        public = JWK(**key).get_op_key("verify")
    except (JWException, ValueError, TypeError):
        return False
    return key["kty"] != "RSA" or MIN_RSA_BITS <= public.key_size <= MAX_RSA_BITS
