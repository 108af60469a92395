"""What programs make a link of, in text that somebody chose who is not to choose our links."""

from __future__ import annotations

import re

# U+2060: nobody sees it, and no address has it.
WORD_JOINER = "\u2060"
# A dot within a word, and what browsers take for one (UTS #46 §2.3); unless between two digits, as in "2.0".
_DOT = r"[.\u3002\uff0e\uff61]"
DOT_OF_HOST = re.compile(rf"(?<=[^\s\d]){_DOT}(?=\w)|(?<=\d){_DOT}(?=[^\W\d])")
_STARTS_OF_LINKS = re.compile(rf"{DOT_OF_HOST.pattern}|:(?=//)")


def without_links(text: str) -> str:
    """The same text to the eye, of which mail programs make no link: they take a host's bare name for one as well."""
    return _STARTS_OF_LINKS.sub(rf"\g<0>{WORD_JOINER}", text)
