"""What every template may use."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from accounts.contact import site_contact


def site(request: HttpRequest) -> dict[str, Any]:
    """The site's name and origin, how to reach those who run it, and whether people may connect without signing in."""
    return {
        "site_name": settings.DEXTER_SITE_NAME,
        "public_url": settings.DEXTER_PUBLIC_URL,
        "contact": site_contact(),
        "guests_enabled": settings.DEXTER_GUESTS_ENABLED,
    }
