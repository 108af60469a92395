"""Moments, as pages show them."""

from __future__ import annotations

from datetime import datetime

from django import template
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.filter
def moment(at: datetime) -> SafeString:
    """Date and time in the person's language, and in UTC until `static/js/times.js` knows what their clock says."""
    return format_html('<time datetime="{}">{} UTC</time>', at.isoformat(), date_format(at, "DATETIME_FORMAT"))
