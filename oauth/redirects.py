"""Redirect URIs: which may be registered, and which match at authorization. One set of rules for both."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
MAX_REDIRECT_URI_LENGTH = 2000
_UNSAFE_CHARACTER = re.compile(r"[\x00-\x20\x7f-\x9f\\\"<>^`{|}\u2028\u2029]|\s")


def is_loopback(parts: SplitResult) -> bool:
    """Whether this is an http redirect to the person's own machine (RFC 8252 §7.3)."""
    return parts.scheme == "http" and parts.hostname in LOOPBACK_HOSTS


def is_acceptable_redirect_uri(uri: str, *, private_schemes: tuple[str, ...]) -> bool:
    """Whether `uri` may be registered: https, loopback http, or an allowed private scheme (RFC 8252 §7).

    Fragments (RFC 6749 §3.1.2), userinfo, white space, control characters and characters that no URI may hold are
    refused, whatever the scheme.
    """
    if not uri or len(uri) > MAX_REDIRECT_URI_LENGTH or _UNSAFE_CHARACTER.search(uri) or "#" in uri:
        return False
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        return False
    if "@" in parts.netloc or port == 0:
        return False
    if parts.scheme == "https":
        return bool(parts.hostname)
    if parts.scheme == "http":
        return is_loopback(parts)
    return parts.scheme in private_schemes and bool(parts.netloc or parts.path)


def redirect_uri_matches(registered: str, requested: str) -> bool:
    """Whether `requested` is `registered` (RFC 6749 §3.1.2.3: simple string comparison).

    A loopback http redirect matches on any port (RFC 8252 §7.3), because a desktop assistant takes the port it finds;
    everything else of it must be the same, the spelling of the host included.
    """
    if requested == registered:
        return True
    if len(requested) > MAX_REDIRECT_URI_LENGTH or _UNSAFE_CHARACTER.search(requested) or "#" in requested:
        return False
    try:
        left, right = urlsplit(registered), urlsplit(requested)
        if not (is_loopback(left) and is_loopback(right)) or "@" in right.netloc or right.port == 0:
            return False
    except ValueError:
        return False
    return (left.hostname, left.path, left.query, "?" in registered) == (
        right.hostname,
        right.path,
        right.query,
        "?" in requested,
    )
