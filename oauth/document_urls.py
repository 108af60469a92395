"""Which URLs may name a client's metadata document or its keys, and which hosts the operator shut out.

The rules are those of draft-ietf-oauth-client-id-metadata-document §3, and stricter where the host of the URL would
otherwise vouch for a document that it did not mean to vouch for.
"""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

from django.conf import settings

# As long as a client ID can be in the database.
MAX_URL_LENGTH = 255
_URL = re.compile(r"https://[A-Za-z0-9._~:/?\[\]@!$&'()*+,;=%#-]+")
# At least two labels, the last of which begins with a letter: no address in whatever spelling, and no `localhost`.
_HOST = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.)+[a-z](?:[a-z0-9-]*[a-z0-9])?")


def names_document(client_id: str) -> bool:
    """Whether a client ID is meant to be the URL of a metadata document, a good one or not.

    One with a NUL is nothing at all: PostgreSQL would not even look whether there is such a client.
    """
    return client_id.startswith("https://") and "\x00" not in client_id


def fault_of_document_url(url: str, *, may_have_query: bool = False) -> str | None:
    """Why nothing may be fetched from `url`, or None.

    A query is refused for a document, though the draft only advises against it: a host that echoes its parameters would
    vouch for any client that somebody wrote into a link.
    """
    if len(url) > MAX_URL_LENGTH or not _URL.fullmatch(url):
        return "url_malformed"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "url_malformed"
    host = parts.hostname or ""
    if "@" in parts.netloc or "#" in url or ("?" in url and not may_have_query):
        return "url_with_user_query_or_fragment"
    if not parts.path or any(unquote(segment) in {".", ".."} for segment in parts.path.split("/")):
        return "url_path"
    if not _HOST.fullmatch(host) or parts.netloc.endswith(":"):
        return "url_host"
    if port is not None and port != 443 and port < 1024:
        # Where other protocols are spoken; a site that serves https elsewhere does so on a high port.
        return "url_port"
    if host == urlsplit(settings.DEXTER_PUBLIC_URL).hostname:
        # Nothing here is a client, and a fetch from ourselves would wait for ourselves.
        return "url_is_ours"
    return "host_blocked" if is_blocked_host(url) else None


def is_blocked_host(url: str) -> bool:
    """Whether the operator shut out the host of `url`, or a domain above it."""
    blocked = settings.DEXTER_BLOCKED_CLIENT_HOSTS
    if not blocked:
        return False
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    return any(host == domain or host.endswith(f".{domain}") for domain in blocked)
