"""Rows of the accounts app for tests."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress

from accounts.models import User

PASSWORD = "correct-horse-battery"


def make_user(email: str = "ada@example.com", password: str | None = PASSWORD, **fields: Any) -> User:
    """An account whose e-mail address is confirmed."""
    user = User.objects.create_user(email, password, **fields)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def make_guest(**fields: Any) -> User:
    """A guest: no e-mail address, no password."""
    guest = User(is_guest=True, **fields)
    guest.set_unusable_password()
    guest.save()
    return guest
