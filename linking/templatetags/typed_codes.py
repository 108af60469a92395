"""Codes in what somebody typed, as pages show them."""

from __future__ import annotations

from django import template

from linking.codes import display_code, normalize_code

register = template.Library()


@register.filter
def as_code(typed: str | None) -> str:
    """The code that somebody typed, as `XXX-XXX`; empty when there is none in it."""
    code = normalize_code(typed or "")
    return display_code(code) if code else ""
