"""Everything that the accounts app refuses.

AccountError
├── GuestsAreOff    the setting turns guests off
└── NotAGuest       an account was offered where only a guest will do
"""

from __future__ import annotations

from typing import ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class AccountError(Exception):
    """A refusal: `description` is for the person, `reason` for the log."""

    reason: ClassVar[str]
    description: ClassVar[str | Promise] = _("That is not possible with this account.")

    def __str__(self) -> str:
        return self.reason


class GuestsAreOff(AccountError):
    """DEXTER_GUESTS_ENABLED is false."""

    reason = "guests_are_off"
    description = _("You need an account to continue. Sign in or create one.")


class NotAGuest(AccountError):
    """The guest cookie is for guests only: an account that it named would be signed in by a cookie alone."""

    reason = "not_a_guest"
