"""Checks of the discovery documents and of the transport below them."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from mcp_bridge.doctor.checks import Check
from mcp_bridge.doctor.site import DOCUMENTS, Failed, Site, Skipped

LOOPBACK = {"localhost", "127.0.0.1", "::1"}
CERTIFICATE_DAYS = 7
CLOCK_SECONDS = 60


def _reachable(site: Site) -> str:
    try:
        answer = site.document(site.document_paths(DOCUMENTS[0])[1])
    except Skipped as reason:
        raise Failed(str(reason)) from None
    return f"{site.origin} answers, as {answer.headers.get('server', 'a server without a name')}"


def _tls(site: Site) -> str:
    parts = urlsplit(site.url)
    if parts.scheme == "http":
        if parts.hostname in LOOPBACK:
            return "http on this machine, which is fine for trying things out"
        raise Failed("the URL is http")
    try:
        with (
            socket.create_connection((parts.hostname or "", parts.port or 443), timeout=10) as plain,
            ssl.create_default_context().wrap_socket(plain, server_hostname=parts.hostname) as secure,
        ):
            certificate = secure.getpeercert() or {}
    except OSError as error:
        raise Failed(str(error)) from None
    days = (ssl.cert_time_to_seconds(str(certificate["notAfter"])) - time.time()) / 86400
    if days < CERTIFICATE_DAYS:
        raise Failed(f"the certificate ends in {days:.0f} days")
    return f"the certificate is good for {days:.0f} days"


def _found(site: Site) -> str:
    bad = []
    for document in DOCUMENTS:
        for path in site.document_paths(document):
            answer = site.document(path)
            if answer.status != 200 or not answer.json():
                bad.append(f"{path} answers {answer.status}")
    if bad:
        raise Failed("; ".join(bad))
    return "nine forms of three documents"


def _equal(site: Site) -> str:
    for document in DOCUMENTS:
        answers = [site.document(path) for path in site.document_paths(document)]
        if len({answer.content for answer in answers if answer.status == 200}) > 1:
            raise Failed(f"the forms of {document} differ")
    return "every form of a document is the same bytes"


def _values(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _values(inner, f"{path}.{name}" if path else name)
    else:
        yield path, value


def _complete(site: Site) -> str:
    for document in DOCUMENTS:
        nulls = [path for path, value in _values(site.fields(document), "") if value is None]
        if nulls:
            raise Failed(f"{', '.join(nulls)} in {document} is null")
    fields = site.fields("oauth-authorization-server")
    needed = ("authorization_endpoint", "token_endpoint", "registration_endpoint", "jwks_uri")
    if missing := [name for name in needed if not fields.get(name)]:
        raise Failed(f"{', '.join(missing)} is missing")
    return "no field is missing or null"


def _resource(site: Site) -> str:
    resource = site.fields("oauth-protected-resource").get("resource")
    if resource != site.url:
        raise Failed(f"resource is {resource}, the URL is {site.url}")
    return f"resource is {resource}"


def _issuer(site: Site) -> str:
    servers = site.fields("oauth-protected-resource").get("authorization_servers")
    issuers = {document: site.fields(document).get("issuer") for document in DOCUMENTS[1:]}
    if not isinstance(servers, list) or any(issuer not in servers for issuer in issuers.values()):
        raise Failed(f"authorization_servers is {servers}, issuer is {issuers}")
    return f"issuer is {servers[0]}"


def _addresses(site: Site) -> str:
    for document in DOCUMENTS[1:]:
        for path, value in _values(site.fields(document), ""):
            is_address = path.endswith(("_endpoint", "_uri"))
            if is_address and isinstance(value, str) and not value.startswith(f"{site.origin}/"):
                raise Failed(f"{path} is {value}, which is not at {site.origin}")
    return f"every endpoint is at {site.origin}"


def _abilities(site: Site) -> str:
    fields = site.fields("oauth-authorization-server")
    if fields.get("code_challenge_methods_supported") != ["S256"]:
        raise Failed(f"code_challenge_methods_supported is {fields.get('code_challenge_methods_supported')}")
    if "none" not in fields.get("token_endpoint_auth_methods_supported", []):
        raise Failed("none is not among token_endpoint_auth_methods_supported")
    if fields.get("authorization_response_iss_parameter_supported") is not True:
        raise Failed("authorization_response_iss_parameter_supported is not true")
    if "offline_access" not in fields.get("scopes_supported", []):
        raise Failed("offline_access is not among scopes_supported")
    return "S256, public clients, iss and offline_access"


def _clock(site: Site) -> str:
    date = site.document(site.document_paths(DOCUMENTS[0])[1]).headers.get("date")
    if not date:
        raise Skipped("the answer has no Date header")
    skew = abs((parsedate_to_datetime(date) - datetime.now(UTC)).total_seconds())
    if skew > CLOCK_SECONDS:
        raise Failed(f"the server's clock differs from this machine's by {skew:.0f} seconds")
    return f"within {skew:.0f} s of this machine's"


CHECKS = [
    Check(
        "reachable",
        "A site that does not answer is not there.",
        "Start it, and check the URL, the firewall and the name server.",
        _reachable,
    ),
    Check(
        "tls",
        "Assistants connect over https only, and refuse a certificate that a browser would refuse.",
        "Serve the site over https with a certificate that is trusted and not about to end.",
        _tls,
    ),
    Check(
        "documents-found",
        "Each client looks for the documents in a form of its own; one that is missing or redirected ends its attempt.",
        "Let the proxy pass /.well-known/ and /mcp/ through as they are, without adding or removing a slash.",
        _found,
    ),
    Check(
        "documents-equal",
        "A client that reads two forms takes a difference for an attack.",
        "Let no cache or second server answer some of the forms.",
        _equal,
    ),
    Check(
        "documents-complete",
        "A null or a missing endpoint is a crash in some clients, and 'cannot register' in others.",
        "Let nothing in front rewrite the documents.",
        _complete,
    ),
    Check(
        "resource",
        "Clients compare `resource` with the URL that they were given, and stop when it differs.",
        "Set DEXTER_PUBLIC_URL to the origin that people type.",
        _resource,
    ),
    Check(
        "issuer",
        "The issuer is compared byte by byte; a slash or a scheme more is a mismatch.",
        "Set DEXTER_PUBLIC_URL, and DEXTER_ISSUER if you use it, to the same https origin.",
        _issuer,
    ),
    Check(
        "addresses",
        "Behind TLS termination a site that guesses its address announces http:// endpoints, and clients refuse them.",
        "Set DEXTER_PUBLIC_URL to the public https origin; let nothing in front rewrite the documents.",
        _addresses,
    ),
    Check(
        "abilities",
        "Without these some clients do not even try, or never get a refresh token.",
        "Let nothing in front rewrite the documents.",
        _abilities,
    ),
    Check(
        "clock",
        "Tokens and assertions carry times; with a wrong clock they are expired or not yet good.",
        "Keep the server's clock by NTP.",
        _clock,
    ),
]
