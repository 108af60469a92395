"""What is known about a person's e-mail address."""

from __future__ import annotations

from allauth.account.models import EmailAddress

from accounts.models import User


def email_is_verified(user: User) -> bool:
    """Whether the person proved that the address they sign in with is theirs (OpenID Connect `email_verified`)."""
    return bool(user.email) and EmailAddress.objects.filter(user=user, email=user.email, verified=True).exists()


def mask_email(email: str | None) -> str:
    """Enough of an address to recognise one's own, and not enough to write to it: `e***@example.com`."""
    name, _, domain = (email or "").partition("@")
    return f"{name[:1]}***@{domain}" if domain else ""
