"""The "this wasn't me" address of a link: signed, good for thirty days, and usable without signing in."""

from __future__ import annotations

import uuid
from urllib.parse import urlencode

from django.conf import settings
from django.core import signing
from django.urls import reverse

from linking.limits import DISOWN_LIFETIME
from linking.models import AccountLink

# A salt of its own: no other signed value of this site undoes a link, nor does this one do anything else.
DISOWN_SALT = "linking.disowning"


def disown_token(link: AccountLink) -> str:
    """What stands for `link` in its address."""
    return signing.TimestampSigner(salt=DISOWN_SALT, sep=".").sign(link.pk.hex)


def disown_url(link: AccountLink) -> str:
    """The address for the e-mail. The token stands in the query, because log lines hold paths."""
    return settings.DEXTER_PUBLIC_URL + reverse("linking:disown") + "?" + urlencode({"token": disown_token(link)})


def read_disown_token(token: str) -> uuid.UUID | None:
    """The id of the link, which may be gone; None when the token was tampered with or is too old."""
    try:
        return uuid.UUID(signing.TimestampSigner(salt=DISOWN_SALT, sep=".").unsign(token, max_age=DISOWN_LIFETIME))
    except (signing.BadSignature, ValueError):
        return None
