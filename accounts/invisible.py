"""Characters that nobody sees: with one a name is told apart from another by nothing, or is read backwards."""

from __future__ import annotations

import unicodedata

# Controls (bidirectional, zero-width, tags), those for private use, and those that are not assigned.
_CATEGORIES = {"Cf", "Co", "Cn"}
# Letters and marks that show nothing: Hangul fillers, the blank Braille pattern, the combining grapheme joiner.
_BLANK_LETTERS = frozenset("\u115f\u1160\u3164\uffa0\u2800\u034f")


def is_invisible(character: str) -> bool:
    """Whether it shows nothing, and is no space."""
    return unicodedata.category(character) in _CATEGORIES or character in _BLANK_LETTERS
