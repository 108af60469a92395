"""Resource indicators (RFC 8707): a token is good for one resource, and there is one, the MCP endpoint."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from django.conf import settings

_DEFAULT_PORTS = {"http": 80, "https": 443}


def is_canonical_resource(resource: str) -> bool:
    """Whether `resource` is a spelling of the MCP endpoint.

    The case of scheme and host, a default port and trailing slashes do not matter: people type the URL. Anything else
    does, and userinfo, a query or a fragment never match.
    """
    return _normalised(resource) == _normalised(settings.DEXTER_RESOURCE)


def _normalised(resource: str) -> tuple[str, str, int | None, str] | None:
    try:
        parts = urlsplit(resource)
        port = parts.port
    except ValueError:
        return None
    if not parts.hostname or "@" in parts.netloc or "?" in resource or "#" in resource or parts.path.endswith("//"):
        return None
    scheme = parts.scheme.lower()
    return scheme, parts.hostname.lower(), port or _DEFAULT_PORTS.get(scheme), parts.path.rstrip("/")


def canonical_resources(requested: Iterable[str]) -> list[str] | None:
    """The resources to put on a grant or token: the canonical one, or None when something else was asked for."""
    if all(is_canonical_resource(resource) for resource in requested if resource):
        return [settings.DEXTER_RESOURCE]
    return None
