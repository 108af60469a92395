"""Fetching a document from a host that a stranger chose (draft-ietf-oauth-client-id-metadata-document §8.6, §8.7).

What is fetched, from where, how slowly and how much is all up to the stranger. So the name is looked up once, every
address it has must be globally routable, and the connection goes to one of the addresses that were looked at; a fetch
takes five seconds and 16 KiB at most, follows no redirect and unpacks nothing. Only the document comes back: which of
the rules a host broke is for the log, because an answer that told would map the network we are in.
"""

from __future__ import annotations

import http.client
import ipaddress
import math
import re
import socket
import ssl
import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import Message
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.db import connections

from oauth.errors import DocumentNotFetched, FetchesBusy

log = structlog.get_logger(__name__)

FETCH_SECONDS = 5.0
MAX_DOCUMENT_BYTES = 16 * 1024
# The document with its headers and whatever else HTTP wraps around it.
MAX_WIRE_BYTES = 2 * MAX_DOCUMENT_BYTES
MAX_ADDRESSES = 4
# In each process. A fetch that waits for a slow host keeps a thread, whoever started it.
MAX_CONCURRENT_FETCHES = 8
MIN_AGE, DEFAULT_AGE, MAX_AGE = timedelta(minutes=5), timedelta(hours=1), timedelta(hours=24)

_slots = threading.BoundedSemaphore(MAX_CONCURRENT_FETCHES)
_IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
# Special-purpose by the IANA registries (RFC 6890); not all Python releases know it.
_SPECIAL = (ipaddress.ip_network("192.0.0.0/24"), ipaddress.ip_network("3fff::/20"))
_MAX_AGE = re.compile(r"(?:^|[\s,])max-age\s*=\s*\"?(\d{1,9})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FetchedDocument:
    """A document, and for how long its host lets it be kept, cut to between five minutes and a day."""

    body: bytes
    max_age: timedelta


def fetch_document(url: str) -> FetchedDocument:
    """Fetch the JSON at an https URL whose form was already looked at.

    It runs in a thread of its own, so that the caller waits five seconds at most, whatever the resolver does; its slot
    stays taken until the thread is done.

    Raises:
        FetchesBusy: as many fetches as this process allows are under way.
        DocumentNotFetched: anything else; `reason` says what.
    """
    _lend_connections()
    if not _slots.acquire(blocking=False):
        raise FetchesBusy("fetches_busy")
    outcome: Future[FetchedDocument] = Future()
    deadline = time.monotonic() + FETCH_SECONDS

    def run() -> None:
        try:
            outcome.set_result(_fetch(url, deadline))
        except Exception as fault:
            outcome.set_exception(fault)
        finally:
            _slots.release()

    try:
        threading.Thread(target=run, name="document-fetch", daemon=True).start()
    except RuntimeError:
        _slots.release()
        raise FetchesBusy("fetches_busy") from None
    try:
        return outcome.result(timeout=FETCH_SECONDS)
    except TimeoutError:
        raise DocumentNotFetched("took_too_long") from None


def _lend_connections() -> None:
    """Give the caller's database connections back while it waits: slow hosts must not take the pool from everybody."""
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close()


def is_globally_routable(address: str) -> bool:
    """Whether an address is one of the public internet. One that only wraps IPv4 addresses is judged by those."""
    try:
        wrapped = _unwrap(ipaddress.ip_address(address))
    except ValueError:
        return False
    return all(_is_public(part) for part in wrapped)


def _unwrap(address: _IPAddress) -> tuple[_IPAddress, ...]:
    """The IPv4 addresses within a v4-mapped, 6to4, Teredo or NAT64 address; itself for any other."""
    if isinstance(address, ipaddress.IPv4Address):
        return (address,)
    if address.teredo:
        return address.teredo
    if address in _NAT64:
        return (ipaddress.IPv4Address(int(address) & 0xFFFFFFFF),)
    inner = address.ipv4_mapped or address.sixtofour
    return (inner or address,)


def _is_public(address: _IPAddress) -> bool:
    if not address.is_global or address.is_multicast or any(address in network for network in _SPECIAL):
        return False
    return address.version == 4 or address in _GLOBAL_UNICAST


def _fetch(url: str, deadline: float) -> FetchedDocument:
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 443
    try:
        with _open(host, port, deadline) as sock:
            connection = http.client.HTTPSConnection(host, port, context=sock.context)
            connection.sock = sock
            connection.request("GET", parts.path + (f"?{parts.query}" if parts.query else ""), headers=_headers())
            with connection.getresponse() as response:
                return _read(response)
    except TimeoutError:
        raise DocumentNotFetched("took_too_long") from None
    except ssl.SSLError:
        raise DocumentNotFetched("tls_failed") from None
    except OSError:
        raise DocumentNotFetched("unreachable") from None
    except (http.client.HTTPException, ValueError):
        raise DocumentNotFetched("not_http") from None
    except DocumentNotFetched:
        raise
    except Exception:
        # Whatever a stranger's server makes a library do, a person gets a page that says so.
        log.exception("document.fetch_crashed", host=host)
        raise DocumentNotFetched("unreadable") from None


def _headers() -> dict[str, str]:
    return {
        "Accept": "application/json, application/*+json",
        "User-Agent": f"Dexter/{settings.DEXTER_VERSION} (+{settings.DEXTER_PUBLIC_URL})",
        "Connection": "close",
    }


def _open(host: str, port: int, deadline: float) -> _BoundedSocket:
    """A TLS connection to an address that was looked at; a second look-up could give another one."""
    addresses = list(dict.fromkeys(look_up(host, port)))
    if not addresses or not all(is_globally_routable(address) for address in addresses):
        raise DocumentNotFetched("address_not_public")
    addresses = addresses[:MAX_ADDRESSES]
    for position, address in enumerate(addresses, start=1):
        try:
            raw = connect(address, port, _remaining(deadline) / (len(addresses) - position + 1))
        except OSError:
            if position == len(addresses):
                raise
            continue
        with raw:
            raw.settimeout(_remaining(deadline))
            # The timeout bounds the whole handshake, however many pieces it comes in.
            sock = tls_context().wrap_socket(raw, server_hostname=host)
        assert isinstance(sock, _BoundedSocket)  # noqa: S101
        sock.deadline = deadline
        return sock
    raise DocumentNotFetched("unreachable")


def look_up(host: str, port: int) -> list[str]:
    """Every address of `host`, from the system's resolver."""
    return [str(answer[4][0]) for answer in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def connect(address: str, port: int, seconds: float) -> socket.socket:
    """A TCP connection to an address, never to a name."""
    return socket.create_connection((address, port), timeout=seconds)


def tls_context() -> ssl.SSLContext:
    """The system's certificate authorities, and sockets that keep to the limits."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    context.sslsocket_class = _BoundedSocket
    return context


class _BoundedSocket(ssl.SSLSocket):
    """A TLS socket that ends at a deadline and after so many bytes. A timeout would begin anew with every byte."""

    deadline = math.inf
    bytes_left = MAX_WIRE_BYTES

    def recv_into(self, buffer: Any, nbytes: int | None = None, flags: int = 0) -> int:
        if self.deadline < math.inf:
            self.settimeout(_remaining(self.deadline))
        received: int = super().recv_into(buffer, nbytes, flags)
        self.bytes_left -= received
        if self.bytes_left < 0:
            raise DocumentNotFetched("too_large")
        return received


def _remaining(deadline: float) -> float:
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise TimeoutError
    return seconds


def _read(response: http.client.HTTPResponse) -> FetchedDocument:
    """The body of a good answer: 200, JSON by its type, not compressed, and not too large."""
    if response.status != 200:
        raise DocumentNotFetched(f"status_{response.status}")
    media_type = response.headers.get_content_type()
    if media_type != "application/json" and not (
        media_type.startswith("application/") and media_type.endswith("+json")
    ):
        raise DocumentNotFetched("content_type")
    if response.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise DocumentNotFetched("compressed")
    body = response.read(MAX_DOCUMENT_BYTES + 1)
    if len(body) > MAX_DOCUMENT_BYTES:
        raise DocumentNotFetched("too_large")
    return FetchedDocument(body, _max_age(response.headers))


def _max_age(headers: Message) -> timedelta:
    """How long the answer is fresh (RFC 9111 §4.2), between five minutes and a day; an hour if it does not say."""
    cache_control, age, expires = (headers.get(name, "") for name in ("Cache-Control", "Age", "Expires"))
    stated = _MAX_AGE.search(cache_control)
    if re.search(r"no-(?:store|cache)", cache_control, re.IGNORECASE):
        fresh = MIN_AGE
    elif stated:
        fresh = timedelta(seconds=int(stated[1]) - (int(age) if re.fullmatch(r"\d{1,9}", age) else 0))
    elif expires:
        fresh = _until(expires)
    else:
        fresh = DEFAULT_AGE
    return max(MIN_AGE, min(fresh, MAX_AGE))


def _until(http_date: str) -> timedelta:
    """How long it is until a date; what is no date has passed (RFC 9111 §5.3)."""
    try:
        return parsedate_to_datetime(http_date) - datetime.now(UTC)
    except (TypeError, ValueError, OverflowError):
        return timedelta(0)
