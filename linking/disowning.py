"""The "this wasn't me" address of a link: signed, good for thirty days, and usable without signing in."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from urllib.parse import urlencode

from django.conf import settings
from django.core import signing
from django.urls import reverse

from linking.limits import DISOWN_LIFETIME
from linking.models import AccountLink

# A salt of its own: no other signed value of this site undoes a link, nor does this one do anything else.
DISOWN_SALT = "linking.disowning"
_NAMED = re.compile(r"(?P<link>[0-9a-f]{32})-(?P<session>[0-9a-f]{32})?-(?P<account>[0-9]+)")


@dataclass(frozen=True, slots=True)
class NamedLink:
    """A link as its address names it, with what is left to undo when the link itself is gone."""

    link_id: uuid.UUID
    session_id: uuid.UUID | None
    account_id: int


def disown_token(link: AccountLink) -> str:
    """What stands for `link` in its address."""
    session = link.session_id.hex if link.session_id else ""
    return _signer().sign(f"{link.pk.hex}-{session}-{link.account_id}")


def disown_url(link: AccountLink) -> str:
    """The address for the e-mail. The token stands in the query, because log lines hold paths."""
    return settings.DEXTER_PUBLIC_URL + reverse("linking:disown") + "?" + urlencode({"token": disown_token(link)})


def read_disown_token(token: str) -> NamedLink | None:
    """The link that is named, which may be gone; None when the token was tampered with or is too old."""
    try:
        found = _NAMED.fullmatch(_signer().unsign(token, max_age=DISOWN_LIFETIME))
    except signing.BadSignature:
        return None
    if found is None:
        return None
    session = found["session"]
    return NamedLink(uuid.UUID(found["link"]), uuid.UUID(session) if session else None, int(found["account"]))


def _signer() -> signing.TimestampSigner:
    return signing.TimestampSigner(salt=DISOWN_SALT, sep=".")
