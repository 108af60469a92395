"""Rows of the accounts app for tests."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from allauth.account.models import EmailAddress
from django.db.models import F
from django.utils import timezone

from accounts.models import Counter, User

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


def make_counter(key: str, **fields: Any) -> Counter:
    """A counter whose window has just begun."""
    return Counter.objects.create(key=key, **{"window_started_at": timezone.now()} | fields)


def let_counters_age(by: timedelta) -> None:
    """Let everything that was counted have happened `by` earlier."""
    for column in ("window_started_at", "locked_until"):
        Counter.objects.exclude(**{column: None}).update(**{column: F(column) - by})
