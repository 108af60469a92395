"""Scopes: clamped, never refused. Unknown ones are dropped; none means the default set."""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings
from django.utils.translation import gettext

# What a service's token is for (`oauth.services.service_tokens`). It is not among those that a client may ask for.
RESOLVE_SCOPE = "identity.resolve"


def clamp_scopes(requested: Iterable[str], *, within: Iterable[str] | None = None) -> list[str]:
    """The scopes to grant, in the order of the request and without repeats.

    `within` is what may be granted at most: all that exist by default, the original grant for a refresh. When nothing
    is left, the default set (cut down to `within`) is granted.
    """
    allowed = set(settings.DEXTER_SCOPES if within is None else within)
    kept = list(dict.fromkeys(scope for scope in requested if scope in allowed))
    return kept or [scope for scope in settings.DEXTER_DEFAULT_SCOPES if scope in allowed]


def scope_sentences(scopes: Iterable[str]) -> list[str]:
    """What `scopes` allow, in words for a person, in the order of the settings."""
    granted = set(scopes)
    return [gettext(sentence) for scope, sentence in settings.DEXTER_SCOPES.items() if scope in granted]
