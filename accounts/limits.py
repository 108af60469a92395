"""How often something may be done: what a limit is, how long locks last, and the limits of the accounts app.

And how long a mailed code is good for, which the settings hand on to allauth.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Limit:
    """`count` events in `window`."""

    count: int
    window: timedelta


def in_minutes(lifetime: timedelta) -> int:
    """As pages and mails say it."""
    return int(lifetime.total_seconds() // 60)


# How long a code from an e-mail is good for: to sign in or choose a password, and to prove an address. Mail through a
# queue and a greylisting server takes longer than allauth's three minutes.
MAILED_CODE_LIFETIME = timedelta(minutes=10)
EMAIL_CODE_LIFETIME = timedelta(minutes=15)

FIRST_LOCK = timedelta(minutes=15)
LONGEST_LOCK = timedelta(hours=24)
# What was not locked for this long starts again with the first lock; no window is longer.
LOCK_MEMORY = timedelta(hours=24)

# Eight digits that went to a mailbox. The second limit counts the wrong ones for an address, however many codes were
# sent to it and whoever asked: somebody who knows no more than the address gets no further than 1 in 1000 in a year.
GUESSES_PER_MAILED_CODE = Limit(3, timedelta(hours=1))
GUESSES_PER_EMAIL = Limit(10, timedelta(hours=1))
# A browser in which the account was signed in counts for itself, so that strangers cannot use its guesses up. Together
# they have a limit too: whoever got hold of many of their cookies gets no further than 1 in 380 in a year.
GUESSES_PER_KNOWN_BROWSER = GUESSES_PER_EMAIL
GUESSES_OF_KNOWN_BROWSERS = Limit(30, timedelta(hours=1))
# Passwords for an address, whoever types them, in such a browser, and in all of those together.
PASSWORDS_PER_EMAIL = Limit(5, timedelta(minutes=5))
PASSWORDS_PER_KNOWN_BROWSER = Limit(10, timedelta(hours=1))
PASSWORDS_OF_KNOWN_BROWSERS = Limit(30, timedelta(hours=1))
# Six digits of an app, or one of ten recovery codes. Only who has the password or the mailbox gets to type one. These
# begin anew when the password changes: whoever had the old one has used up nothing that the owner needs.
FACTOR_GUESSES_PER_HOUR = Limit(10, timedelta(hours=1))
FACTOR_GUESSES_PER_DAY = Limit(30, timedelta(days=1))
# However often the password changes: whoever reads the mailbox can change it, and gets no further than 1 in 45 a year.
FACTOR_GUESSES_OF_STRANGERS = Limit(60, timedelta(days=1))
# A known browser, which has the hour of FACTOR_GUESSES_PER_HOUR too, and all of them together: three of their cookies,
# and the password, are worth 1 in 60 a year.
FACTOR_GUESSES_PER_KNOWN_BROWSER = Limit(15, timedelta(days=1))
FACTOR_GUESSES_OF_KNOWN_BROWSERS = Limit(45, timedelta(days=1))
# Nobody guesses a passkey, so that wrong ones are compared for as long as somebody likes; this many are written down.
PASSKEYS_WRITTEN_DOWN = Limit(30, timedelta(hours=1))
# What anybody can have sent to an address by typing it, whether it asked or not: all kinds together.
MAILS_PER_HOUR = Limit(6, timedelta(hours=1))
MAILS_PER_DAY = Limit(20, timedelta(days=1))
# The same for each browser in which the account was signed in, and for all of them together.
MAILS_OF_KNOWN_BROWSERS = Limit(40, timedelta(days=1))
