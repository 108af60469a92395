"""The numbers of design.md §7, "Linking codes: the numbers".

How long a lock lasts is in `accounts.limits`, how old a sign-in may be in `accounts.sign_in`.
"""

from __future__ import annotations

from datetime import timedelta

from accounts.limits import Limit

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

DISOWN_LIFETIME = timedelta(days=30)
CODE_RETENTION = timedelta(days=30)
