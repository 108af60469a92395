"""How long a person has to wait, in words."""

from __future__ import annotations

from datetime import datetime
from math import ceil

from django.utils import timezone
from django.utils.translation import ngettext


def wait_in_words(until: datetime) -> str:
    """`15 minutes` or `2 hours`, rounded up, so that nobody comes back too early."""
    minutes = max(1, ceil((until - timezone.now()).total_seconds() / 60))
    if minutes < 60:
        return ngettext("%d minute", "%d minutes", minutes) % minutes
    hours = ceil(minutes / 60)
    return ngettext("%d hour", "%d hours", hours) % hours
