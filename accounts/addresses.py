"""Where a request comes from."""

from __future__ import annotations

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str | None:
    """The address of the browser or connector, or None when there is none that can be believed.

    `X-Forwarded-For` is read from its right end, one entry for each proxy in DEXTER_TRUSTED_PROXIES: what is left of
    those was written by the sender. Without trusted proxies the header is ignored.
    """
    candidates = [request.META.get("REMOTE_ADDR", "")]
    if settings.DEXTER_TRUSTED_PROXIES:
        forwarded = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()]
        if len(forwarded) < settings.DEXTER_TRUSTED_PROXIES:
            return None
        candidates = [forwarded[-settings.DEXTER_TRUSTED_PROXIES]]
    try:
        address = ipaddress.ip_address(candidates[0].strip("[]"))
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


def address_block(address: str | None) -> str:
    """The unit that limits count: one IPv4 address, or the /64 of an IPv6 address; `unknown` for none."""
    if address is None:
        return "unknown"
    parsed = ipaddress.ip_address(address)
    if parsed.version == 6:
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
