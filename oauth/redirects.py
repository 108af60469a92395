"""Redirect URIs: which may be registered, which match at authorization, and how an answer is put on one."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from enum import Enum
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

from oauthlib.uri_validate import is_absolute_uri

MAX_REDIRECT_URI_LENGTH = 2000
# What the answer adds. A registered URI that has one already would make the answer ambiguous (RFC 9207 §2.4).
ANSWER_PARAMETERS = frozenset({"code", "state", "iss", "error"})
# Browsers decode a percent sign in a host; people would then read another host than the answer goes to.
_PLAIN_HOST = re.compile(r"[a-z0-9._:-]+")


class DestinationKind(Enum):
    """A site, or something on the person's own device: a program that listens there, or an app with its own scheme."""

    SITE = "site"
    PROGRAM = "program"
    APP = "app"


def is_loopback(parts: SplitResult) -> bool:
    """Whether this is an http redirect to the person's own machine (RFC 8252 §7.3)."""
    if parts.scheme != "http":
        return False
    if parts.hostname == "localhost":
        return True
    try:
        return ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False


def is_acceptable_redirect_uri(uri: str, *, private_schemes: tuple[str, ...]) -> bool:
    """Whether `uri` may be registered: https, loopback http, or an allowed private scheme (RFC 8252 §7).

    Fragments (RFC 6749 §3.1.2), userinfo, white space and whatever else no absolute URI may hold (RFC 3986 §4.3) are
    refused, whatever the scheme.
    """
    parts = _split(uri)
    if parts is None:
        return False
    if any(name in ANSWER_PARAMETERS for name, _ in parse_qsl(parts.query, keep_blank_values=True)):
        return False
    if parts.scheme == "https":
        return bool(_PLAIN_HOST.fullmatch(parts.hostname or ""))
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
    left, right = _split(registered), _split(requested)
    if left is None or right is None or not is_loopback(left) or not is_loopback(right):
        return False
    return (left.hostname, left.path, left.query, "?" in registered) == (
        right.hostname,
        right.path,
        right.query,
        "?" in requested,
    )


def redirect_destination(uri: str) -> str:
    """Where an answer to `uri` goes, in few characters for a person: the host, or `scheme:` for an app's own scheme.

    What follows a private scheme is no host: whoever registers `cursor://bank.example` still only reaches Cursor.
    """
    parts = urlsplit(uri)
    return parts.hostname or "" if parts.scheme in ("http", "https") else f"{parts.scheme}:"


def destination_kind(uri: str) -> DestinationKind:
    """What an answer to `uri` reaches."""
    parts = urlsplit(uri)
    if parts.scheme not in ("http", "https"):
        return DestinationKind.APP
    return DestinationKind.PROGRAM if is_loopback(parts) else DestinationKind.SITE


def answer_uri(redirect_uri: str, parameters: Iterable[tuple[str, str | None]]) -> str:
    """`redirect_uri`, byte for byte as it was registered, with `parameters` in its query (RFC 6749 §4.1.2).

    Parameters that are None are left out.
    """
    separator = "" if redirect_uri.endswith(("?", "&")) else "&" if "?" in redirect_uri else "?"
    return redirect_uri + separator + urlencode([(name, value) for name, value in parameters if value is not None])


def _split(uri: str) -> SplitResult | None:
    # oauthlib asks the same of a redirect URI at authorization: what passes here is not refused there.
    if len(uri) > MAX_REDIRECT_URI_LENGTH or not is_absolute_uri(uri):
        return None
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        return None
    # `$` of oauthlib's pattern lets one line feed at the end pass.
    if uri != uri.strip() or "@" in parts.netloc or port == 0:
        return None
    return parts
