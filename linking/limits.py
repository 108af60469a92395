"""Every number of design.md §7, "Linking codes: the numbers"."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Limit:
    """`count` events in `window`."""

    count: int
    window: timedelta


# No I, O, 0 or 1: they are mistaken for each other when read aloud or copied by hand.
CODE_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
CODE_LENGTH = 6
CODE_LIFETIME = timedelta(minutes=10)

MINTING_PER_HOUR = Limit(5, timedelta(hours=1))
MINTING_PER_DAY = Limit(20, timedelta(days=1))
# Of a thousand million codes a few are live: five collisions in a row mean that something else is wrong.
MINTING_ATTEMPTS = 5

GUESSES_PER_ACCOUNT = Limit(5, timedelta(minutes=10))
GUESSES_PER_ADDRESS = Limit(20, timedelta(minutes=10))
GUESSES_ON_SITE_ALARM = Limit(60, timedelta(minutes=1))
FIRST_LOCK = timedelta(minutes=15)
LONGEST_LOCK = timedelta(hours=24)
# An account that was not locked for this long starts again with the first lock.
LOCK_MEMORY = timedelta(hours=24)

DISOWN_LIFETIME = timedelta(days=30)
CODE_RETENTION = timedelta(days=30)
