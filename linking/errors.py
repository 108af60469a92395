"""Everything that linking refuses.

LinkingError
├── AccountRequired       a guest or an inactive account wants to type or confirm a code
├── AlreadyLinked         a code is asked for an identity that acts for an account already
├── NotLinked             an identity without a link is to be unlinked
├── Limited               too often; carries `retry_at`
│   ├── MintingLimited    too many codes for one identity
│   └── TypingLocked      too many wrong codes from one account or address
├── CodeRefused           the code is unknown, expired, used, replaced, or its connection has ended
├── LinkRefused           the code is good, but this identity cannot be linked to this account
├── QuestionOutdated      the code is good, but what it would link is not what the person was asked about
└── ConnectionNotFound    no such connection or link of this account

`description` goes to the person and is the same for every cause; `reason` is for the log and the audit row.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class LinkingError(Exception):
    """The root of the tree."""

    description: ClassVar[str | Promise] = _("That is not possible.")

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason)
        self.reason = reason


class AccountRequired(LinkingError):
    """Codes are typed and confirmed by accounts only: a guest's identity holds nothing that a link could join."""

    description = _("Sign in to your account first.")


class AlreadyLinked(LinkingError):
    """The identity acts for an account: its own, or one that it was linked to."""

    description = _("This connection acts for an account already. Unlink it first to link another one.")


class NotLinked(LinkingError):
    """There is no link to take away."""

    description = _("This connection acts for no account.")


class Limited(LinkingError):
    """Refused until `retry_at`, whatever is sent."""

    def __init__(self, retry_at: datetime, reason: str) -> None:
        super().__init__(reason)
        self.retry_at = retry_at


class MintingLimited(Limited):
    """Five codes an hour and twenty a day for one identity."""

    description = _("Too many codes were made. Wait, then ask for a new one.")


class TypingLocked(Limited):
    """Five wrong codes of an account, or twenty from an address, in ten minutes."""

    description = _("Too many wrong codes. Wait, then ask your assistant for a new one.")


class CodeRefused(LinkingError):
    """One error and the same words for every code that does not work: none of them tells a guesser anything."""

    description = _("That code does not work. Check it for typing mistakes, or ask your assistant for a new one.")


class LinkRefused(LinkingError):
    """In general words: whom an identity is linked to is not for the person who typed a code for it."""

    description = _("This assistant cannot be linked to your account. Ask the people who run this site for help.")


class QuestionOutdated(LinkingError):
    """A connection was added, or may do more, since the person was shown what would be linked. Nothing is used up."""

    description = _("Something changed while this page was open. Please look again before you decide.")


class ConnectionNotFound(LinkingError):
    """It does not exist, or it is somebody else's: the same answer, so that ids cannot be tried out."""

    description = _("There is no such connection on your account.")
