"""The six characters: how they are made, written, read from what a person typed, and stored."""

from __future__ import annotations

import secrets
import unicodedata

from django.utils.crypto import salted_hmac

from linking.limits import CODE_ALPHABET, CODE_LENGTH

# The HMAC key is derived from SECRET_KEY and this, so that no other digest of the site can stand for a code.
DIGEST_SALT = "linking.codes.digest"
# Longer than any spelling of a code. What a person typed is cut to this before anybody looks at it.
LONGEST_TYPED = 64
DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2212"


def generate_code() -> str:
    """Six random characters, 30 bits."""
    return "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH))


def display_code(code: str) -> str:
    """The code as people see it: `XXX-XXX`."""
    return f"{code[:3]}-{code[3:]}"


def normalize_code(typed: str) -> str | None:
    """The code that a person meant, or None when it cannot be one.

    Case, spaces and dashes are ignored; full-width and other compatibility forms count as the character they stand for
    (Unicode NFKC). Look-alikes from other alphabets do not.
    """
    if len(typed) > LONGEST_TYPED:
        return None
    plain = "".join(character for character in unicodedata.normalize("NFKC", typed) if not _is_ignored(character))
    # Upper case of ASCII only: that of other letters can be an ASCII letter, such as dotless i.
    if not plain.isascii():
        return None
    code = plain.upper()
    return code if len(code) == CODE_LENGTH and set(code) <= set(CODE_ALPHABET) else None


def digest_code(code: str) -> str:
    """HMAC-SHA256 of a normalised code, in hexadecimal: what is stored instead of it."""
    return salted_hmac(DIGEST_SALT, code, algorithm="sha256").hexdigest()


def _is_ignored(character: str) -> bool:
    return character.isspace() or character in DASHES
