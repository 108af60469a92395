"""Everything that the accounts app refuses.

AccountError
├── AccountGone       it was deleted meanwhile
├── EmailTaken        another account has the address
├── GuestsAreOff      the setting turns guests off
├── LastSuperuser     nobody could look after the site any more
├── MailNotSent       the mail that the person waits for cannot leave
├── NotAGuest         an account was offered where only a guest will do
├── TooManyGuesses    too many wrong codes from an e-mail, an app or a list of recovery codes
└── TooManyPasswords  too many wrong ones in a browser that is known for the account
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


class AccountGone(AccountError):
    """Another request deleted it first."""

    reason = "account_gone"
    description = _("Your account is deleted. We have sent you an email that says so.")


class EmailTaken(AccountError):
    """Said only to somebody who has shown that they read the address's mail: whether it has an account is private."""

    reason = "email_taken"
    description = _("There is another account with this email. Sign in to that one, or use another email here.")


class LastSuperuser(AccountError):
    """The one account that can make others superusers."""

    reason = "last_superuser"
    description = _("You are the only one who can manage this site. Make somebody else a superuser first.")


class MailNotSent(AccountError):
    """The mail server refused, or the queue that leads to it is away."""

    reason = "mail_not_sent"
    description = _("We cannot send email right now")


class GuestsAreOff(AccountError):
    """DEXTER_GUESTS_ENABLED is false."""

    reason = "guests_are_off"
    description = _("You need an account to continue. Sign in or create one.")


class NotAGuest(AccountError):
    """The guest cookie is for guests only: an account that it named would be signed in by a cookie alone."""

    reason = "not_a_guest"


class TooManyGuesses(AccountError):
    """Wrong codes were typed too often, by whomever: nothing is compared for now."""

    reason = "too_many_guesses"
    description = _("Too many wrong codes were typed. Try again in an hour, or tomorrow if that does not help.")


class TooManyPasswords(AccountError):
    """In a browser in which the account was signed in before: nothing is compared for now."""

    reason = "too_many_passwords"
    description = _("Too many wrong passwords were typed. Try again in an hour.")
