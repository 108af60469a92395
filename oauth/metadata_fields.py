"""What a client says of itself, field by field: nothing of it is believed, and what is not offered is left out."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

from django.conf import settings

from accounts.invisible import is_invisible
from accounts.links import DOT_OF_HOST
from oauth.errors import InvalidClientMetadata, InvalidRedirectURI
from oauth.redirects import is_acceptable_redirect_uri

MAX_REDIRECT_URIS = 20
MAX_NAME_LENGTH = 80
MAX_TEXT_LENGTH = 255
SUPPORTED_GRANT_TYPES = ("authorization_code", "refresh_token")
# A name that contains one of these, as `_skeleton` has them, makes people believe that somebody checked it. The pages
# themselves say the first of each language of a host that is proven.
CLAIMING_WORDS = ("verified", "official", "gepruft", "verifiziert", "offiziell")
# Marks that stand on one letter; a few more, and they are drawn over the lines around it.
MAX_MARKS = 2
_DIGITS_AS_LETTERS = str.maketrans("013457", "oieast")
# What Unicode calls the forms of a letter that are no accents of it, such as small capitals and the dotless i.
_FORM_OF_LETTER = re.compile(
    r"LATIN (?:SMALL |CAPITAL )?LETTER (?:SMALL CAPITAL |DOTLESS |SCRIPT |LONG |OPEN |INSULAR )*([A-Z])(?: WITH .+)?"
)
_LOOKALIKE_SCRIPTS = frozenset({"LATIN", "GREEK", "CYRILLIC", "ARMENIAN", "CHEROKEE", "COPTIC", "LISU"})


def parse_object(body: bytes) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        InvalidClientMetadata: it is something else, or names a field twice.
    """

    def without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        fields = dict(pairs)
        if len(fields) != len(pairs):
            raise InvalidClientMetadata("A field is repeated.")
        return fields

    try:
        fields = json.loads(body, object_pairs_hook=without_repeats)
    except (ValueError, RecursionError):
        raise InvalidClientMetadata("The body must be a JSON object.") from None
    if not isinstance(fields, dict):
        raise InvalidClientMetadata("The body must be a JSON object.")
    return fields


def read_text(value: Any, name: str, *, limit: int = MAX_TEXT_LENGTH) -> str:
    """A string without control characters; null and absence are the empty string."""
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > limit:
        raise InvalidClientMetadata(f"{name} must be a string of at most {limit} characters.")
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in value):
        raise InvalidClientMetadata(f"{name} has a character that cannot be shown.")
    return value


def read_redirect_uris(value: Any) -> tuple[str, ...]:
    """The redirect URIs, each of them one that may be registered.

    Raises:
        InvalidRedirectURI: there is none, there are too many, or one may not be registered.
    """
    if not isinstance(value, list) or not value:
        raise InvalidRedirectURI("redirect_uris must be a list with at least one URI.")
    if len(value) > MAX_REDIRECT_URIS:
        raise InvalidRedirectURI(f"redirect_uris must have at most {MAX_REDIRECT_URIS} URIs.")
    for uri in value:
        if not isinstance(uri, str) or not is_acceptable_redirect_uri(
            uri, private_schemes=settings.DEXTER_PRIVATE_REDIRECT_SCHEMES
        ):
            raise InvalidRedirectURI(
                "Each redirect URI must be https, http on a loopback host, or an allowed private scheme, "
                "without fragment, user or white space."
            )
    return tuple(dict.fromkeys(value))


def read_grant_types(grant_types: Any, response_types: Any) -> tuple[str, ...]:
    """Those of the requested grant types that are offered; what is not offered is left out, not refused.

    Raises:
        InvalidClientMetadata: the authorization code, which everything here begins with, is not among them.
    """
    if response_types is not None and (not isinstance(response_types, list) or "code" not in response_types):
        raise InvalidClientMetadata("response_types must contain code.")
    if grant_types is None:
        return SUPPORTED_GRANT_TYPES
    if not isinstance(grant_types, list) or "authorization_code" not in grant_types:
        raise InvalidClientMetadata("grant_types must contain authorization_code.")
    return tuple(grant_type for grant_type in SUPPORTED_GRANT_TYPES if grant_type in grant_types)


def read_https_uri(value: Any) -> str:
    """An https URL to show, or nothing for any other."""
    uri = read_text(value, "client_uri", limit=500)
    if not uri:
        return ""
    acceptable = uri.startswith("https://") and is_acceptable_redirect_uri(uri, private_schemes=())
    return uri if acceptable else ""


def read_client_name(value: Any) -> str:
    """A name fit to show: one line, no invisible or direction-changing characters, no address, at most 80 characters.

    Where an assistant is shown, the host that vouches for it stands beside its name, and is the only address there.

    Raises:
        InvalidClientMetadata: the name is not a string, imitates ours, or claims that somebody checked it.
    """
    name = read_text(value, "client_name", limit=2000)
    visible = _without_heaps_of_marks("".join(character for character in name if not is_invisible(character)))
    name = re.sub(r"\s+", " ", DOT_OF_HOST.sub("·", visible.replace("://", ": "))).strip()[:MAX_NAME_LENGTH].strip()
    if any(_mixes_scripts(word) for word in name.split()):
        raise InvalidClientMetadata("client_name must not mix letters that look alike.")
    letters = _skeleton(name)
    brand = _skeleton(settings.DEXTER_SITE_NAME)
    if (brand and brand in letters) or any(word in letters for word in CLAIMING_WORDS):
        raise InvalidClientMetadata("client_name must not use this site's name or claim to be checked.")
    return name


def _without_heaps_of_marks(text: str) -> str:
    kept, marks = [], 0
    for character in text:
        marks = marks + 1 if unicodedata.category(character) in {"Mn", "Me"} else 0
        if marks <= MAX_MARKS:
            kept.append(character)
    return "".join(kept)


def _skeleton(text: str) -> str:
    """The letters of `text`, whatever their width, style, form, accents and case (Unicode NFKD, case folded).

    Digits are the letters that they are taken for.
    """
    plain = unicodedata.normalize("NFKD", text).casefold()
    letters = (_base_of(character) for character in unicodedata.normalize("NFKD", plain) if character.isalnum())
    return "".join(letters).translate(_DIGITS_AS_LETTERS)


def _base_of(character: str) -> str:
    form = _FORM_OF_LETTER.fullmatch(unicodedata.name(character, ""))
    return form[1].lower() if form else character


def _mixes_scripts(word: str) -> bool:
    """Whether a word has letters of two scripts that share shapes: nobody spells so but to imitate (UTS #39 §5)."""
    scripts = {unicodedata.name(character, "").partition(" ")[0] for character in word if character.isalpha()}
    return len(scripts & _LOOKALIKE_SCRIPTS) > 1
