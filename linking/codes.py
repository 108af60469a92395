"""The six characters: how they are made, written, read from what a person typed, and stored."""

from __future__ import annotations

import re
import secrets
import unicodedata

from accounts.keyed_digests import keyed_digests
from linking.limits import CODE_ALPHABET, CODE_LENGTH

# The HMAC key is derived from SECRET_KEY and this, so that no other digest of the site can stand for a code.
DIGEST_SALT = "linking.codes.digest"
# Longer than any spelling of a code, and than a sentence with one in it that somebody pastes. What a person typed is
# cut to this before anybody looks at it.
LONGEST_TYPED = 200
MINUS = "\u2212"
# As people are shown it, somewhere in a text. ASCII: the upper case of other letters can be an ASCII letter.
THREE = rf"([{CODE_ALPHABET}]{{3}})"
SHOWN = re.compile(rf"(?<![A-Z0-9]){THREE}-{THREE}(?![A-Z0-9])", re.IGNORECASE | re.ASCII)


def generate_code() -> str:
    """Six random characters, 30 bits."""
    return "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH))


def display_code(code: str) -> str:
    """The code as people see it: `XXX-XXX`."""
    return f"{code[:3]}-{code[3:]}"


def normalize_code(typed: str) -> str | None:
    """The code that a person meant, or None when it cannot be one.

    Case is ignored, and so are spaces, dashes, other punctuation and invisible characters, which come along when
    somebody copies a code. A text in which one code stands as `XXX-XXX` means that one. Full-width and other
    compatibility forms count as the character they stand for (Unicode NFKC). Look-alikes from other alphabets do not.
    """
    if len(typed) > LONGEST_TYPED:
        return None
    plain = unicodedata.normalize("NFKC", typed)
    code = "".join(character for character in plain if not _is_ignored(character))
    # Upper case of ASCII only: that of other letters can be an ASCII letter, such as dotless i.
    if code.isascii() and len(code) == CODE_LENGTH and set(code.upper()) <= set(CODE_ALPHABET):
        return code.upper()
    shown = {"".join(groups).upper() for groups in SHOWN.findall("".join(map(_dash_as_ascii, plain)))}
    return shown.pop() if len(shown) == 1 else None


def has_foreign_letters(typed: str) -> bool:
    """Whether letters of another alphabet are in it, which may look just like those of a code."""
    return any(character.isalpha() and not character.isascii() for character in unicodedata.normalize("NFKC", typed))


def digest_code(code: str) -> str:
    """HMAC-SHA256 of a normalised code, in hexadecimal: what is stored instead of it."""
    return digests_of_code(code)[0]


def digests_of_code(code: str) -> list[str]:
    """What may be stored of a normalised code: one digest for each key that the site has or had."""
    return keyed_digests(DIGEST_SALT, code)


def _is_ignored(character: str) -> bool:
    """Separators, punctuation (dashes and underscores among it) and format characters, which nobody sees."""
    category = unicodedata.category(character)
    return character.isspace() or character == MINUS or category[0] in "ZP" or category == "Cf"


def _dash_as_ascii(character: str) -> str:
    return "-" if character == MINUS or unicodedata.category(character) == "Pd" else character
