"""How people reach those who run this site: what `DEXTER_CONTACT` says, for pages and for mail."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from django.conf import settings


@dataclass(frozen=True, slots=True)
class Contact:
    """`shown` is for the eye, `href` for a link."""

    shown: str
    href: str


def site_contact() -> Contact | None:
    """The address or the page, or None where the site names neither."""
    value: str = settings.DEXTER_CONTACT
    if not value:
        return None
    address = contact_address()
    # RFC 6068 §2: what an address may have in it and a link may not is encoded.
    return Contact(shown=value, href=f"mailto:{quote(address, safe='@')}" if address else value)


def contact_address() -> str:
    """The e-mail address to answer to; empty where the site names a page, or nothing."""
    value: str = settings.DEXTER_CONTACT
    return "" if value.startswith("https://") else value
