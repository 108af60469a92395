"""What `manage.py check --deploy` says about people and their mail."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Info, Tags, register


@register(Tags.security, deploy=True)
def people_can_be_reached(**_kwargs: Any) -> list[CheckMessage]:
    """Mail tells people to write to those who run the site when somebody else has their account."""
    if settings.DEXTER_CONTACT:
        return []
    text = "DEXTER_CONTACT is not set: pages and mails tell people to write to you, and cannot say where."
    return [Info(text, hint="Set it to an e-mail address or an https URL.", id="accounts.I001")]
