"""What ID tokens and userinfo say of a person (OpenID Connect Core §5)."""

from __future__ import annotations

from typing import Any

from accounts.emails import email_is_verified


def identity_claims(user: Any, scopes: list[str] | frozenset[str]) -> dict[str, Any]:
    """The claims about `user` that `scopes` allow (OpenID Connect Core §5.4)."""
    claims: dict[str, Any] = {"sub": user.subject}
    if "profile" in scopes:
        claims["name"] = claims["nickname"] = user.get_full_name()
    if "email" in scopes and user.email:
        claims["email"] = user.email
        claims["email_verified"] = email_is_verified(user)
    return claims
