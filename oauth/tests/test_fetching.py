"""Fetching from a stranger's host (draft-ietf-oauth-client-id-metadata-document §5, §8.6, §8.7)."""

from __future__ import annotations

import gzip
import json
import ssl
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from oauth import fetching
from oauth.fetching import MAX_DOCUMENT_BYTES, fetch_document
from oauth.tests.documents import DOCUMENT, PATH, URL
from oauth.tests.fetches import JSON_HEAD, all_slots_come_back, refusal
from oauth.tests.stand_ins import Answer, Handler, Host, StandIns, json_answer


def test_a_document_is_fetched_over_tls_by_its_host_name(host: Host) -> None:
    fetched = fetch_document(URL)

    assert json.loads(fetched.body) == DOCUMENT
    head = host.requests[0].lower()
    assert head.startswith(f"get {PATH} http/1.1\r\n")
    assert "\r\nhost: app.example.com\r\n" in head
    assert "\r\naccept-encoding: identity\r\n" in head
    assert "\r\nuser-agent: dexter/" in head
    assert "cookie" not in head and "authorization" not in head


def test_a_port_and_a_query_reach_the_host(stand_ins: StandIns) -> None:
    host = stand_ins.serve("app.example.com", port=8443)
    host.answers["/jwks?v=1"] = json_answer({"keys": []})

    fetch_document("https://app.example.com:8443/jwks?v=1")

    assert "\r\nhost: app.example.com:8443\r\n" in host.requests[0].lower()


# --- Size, type, status -----------------------------------------------------------------------------------------------


def padded(size: int) -> bytes:
    """A JSON object of so many bytes."""
    return b"{}" + b" " * (size - 2)


def test_a_document_of_16_kib_is_read_and_a_byte_more_is_not(host: Host) -> None:
    host.answers[PATH] = Answer(padded(MAX_DOCUMENT_BYTES))
    assert len(fetch_document(URL).body) == MAX_DOCUMENT_BYTES

    host.answers[PATH] = Answer(padded(MAX_DOCUMENT_BYTES + 1))
    assert refusal() == "too_large"


def flood(head: bytes, piece: bytes, sent: list[int]) -> Handler:
    """An answer that goes on as fast as it can. Notes how much got onto the wire."""

    def handler(connection: ssl.SSLSocket) -> None:
        sent.append(0)
        connection.sendall(head)
        while sent[-1] < 64 * 1024 * 1024:
            connection.sendall(piece)
            sent[-1] += len(piece)

    return handler


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (JSON_HEAD + b"\r\n", b" " * 1024),
        (JSON_HEAD + b"Content-Length: 99999999999\r\n\r\n", b" " * 1024),
        (JSON_HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"400\r\n" + b" " * 1024 + b"\r\n"),
        (JSON_HEAD, b"X-Header: " + b"a" * 1000 + b"\r\n"),
        (JSON_HEAD + b"X-Header: ", b"a" * 1024),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
    ids=["body", "announced", "chunks", "headers", "one header", "provisional answers"],
)
def test_an_endless_answer_is_left_after_a_few_kilobytes(host: Host, head: bytes, piece: bytes) -> None:
    sent: list[int] = []
    host.answers[PATH] = flood(head, piece, sent)

    assert refusal() in {"too_large", "not_http"}
    assert all_slots_come_back()
    # What is in the buffers of the network counts too.
    assert sent[0] < 16 * 1024 * 1024


def test_a_megabyte_is_not_read(host: Host) -> None:
    host.answers[PATH] = Answer(padded(1024 * 1024))

    assert refusal() == "too_large"


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "deflate", "br", "zstd", "identity, gzip"])
def test_a_compressed_answer_is_not_unpacked(host: Host, encoding: str) -> None:
    bomb = gzip.compress(b" " * 10_000_000)
    assert len(bomb) < MAX_DOCUMENT_BYTES
    host.answers[PATH] = Answer(bomb, headers={"Content-Encoding": encoding})

    assert refusal() == "compressed"


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
def test_a_redirect_is_not_followed(stand_ins: StandIns, host: Host, status: str) -> None:
    host.answers["/other.json"] = json_answer({})
    host.answers[PATH] = Answer(b"{}", status=status, headers={"Location": "https://app.example.com/other.json"})

    assert refusal() == f"status_{status[:3]}"
    assert len(host.requests) == len(stand_ins.connections) == 1


@pytest.mark.parametrize("status", ["201 Created", "204 No Content", "206 Partial", "304 Not Modified", "404 Gone"])
def test_only_200_is_a_document(host: Host, status: str) -> None:
    host.answers[PATH] = Answer(b"", status=status)

    assert refusal() == f"status_{status[:3]}"


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "application/json; charset=utf-8", "Application/JSON", "application/oauth-client+json"],
)
def test_json_of_any_name_is_a_document(host: Host, content_type: str) -> None:
    host.answers[PATH] = Answer(b"{}", headers={"Content-Type": content_type})

    assert fetch_document(URL).body == b"{}"


@pytest.mark.parametrize(
    "content_type",
    ["", "text/html", "text/plain", "text/json", "application/javascript", "application/octet-stream", "+json"],
)
def test_what_a_host_serves_as_something_else_is_no_document(host: Host, content_type: str) -> None:
    # A host that lets people upload text does not vouch for it.
    host.answers[PATH] = Answer(b"{}", headers={"Content-Type": content_type})

    assert refusal() == "content_type"


@pytest.mark.parametrize(
    "wire",
    [
        b"",
        b"\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/9.9 200 OK\r\n\r\n",
        b"\xff\xfe\x00\x01" * 40,
        JSON_HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n",
        JSON_HEAD + b"Transfer-Encoding: chunked\r\n\r\n-5\r\n{}\r\n",
        JSON_HEAD + b"Transfer-Encoding: chunked\r\n\r\nffffffff\r\n{",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n",
    ],
)
def test_what_is_not_http_is_no_document(host: Host, wire: bytes) -> None:
    host.answers[PATH] = lambda connection: connection.sendall(wire)

    assert refusal() in {"not_http", "unreachable"}
    assert all_slots_come_back()


def test_a_fault_of_our_own_is_no_document_either(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "_read", lambda response: 1 // 0)

    assert refusal() == "unreadable"


# --- How long it may be kept ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 3600),
        ({"Cache-Control": "public, max-age=300"}, 300),
        ({"Cache-Control": "public,max-age=7200"}, 7200),
        ({"Cache-Control": 'max-age="7200"'}, 7200),
        ({"Cache-Control": "MAX-AGE = 7200"}, 7200),
        ({"Cache-Control": "max-age=7200", "Age": "7000"}, 300),
        ({"Cache-Control": "max-age=7200", "Age": "1000"}, 6200),
        ({"Cache-Control": "max-age=7200", "Age": "-1e9"}, 7200),
        ({"Cache-Control": "max-age=0"}, 300),
        ({"Cache-Control": "max-age=10"}, 300),
        ({"Cache-Control": "max-age=31536000"}, 86400),
        ({"Cache-Control": "max-age=99999999999999999999999"}, 86400),
        ({"Cache-Control": "max-age=-5"}, 3600),
        ({"Cache-Control": "x-max-age=7200"}, 3600),
        ({"Cache-Control": "no-store"}, 300),
        ({"Cache-Control": "no-cache, max-age=7200"}, 300),
        ({"Cache-Control": "private, max-age=7200"}, 7200),
        ({"Expires": "0"}, 300),
        ({"Expires": "Thu, 01 Jan 1970 00:00:00 GMT"}, 300),
        ({"Expires": "Fri, 31 Dec 9999 23:59:59 GMT"}, 86400),
        ({"Cache-Control": "max-age=7200", "Expires": "0"}, 7200),
    ],
)
def test_a_document_is_kept_between_five_minutes_and_a_day(host: Host, headers: dict[str, str], seconds: int) -> None:
    host.answers[PATH] = Answer(b"{}", headers=headers)

    assert fetch_document(URL).max_age == timedelta(seconds=seconds)


def test_a_date_of_expiry_is_kept_to(host: Host) -> None:
    expires = format_datetime(datetime.now(UTC) + timedelta(hours=2), usegmt=True)
    host.answers[PATH] = Answer(b"{}", headers={"Expires": expires})

    assert timedelta(minutes=115) < fetch_document(URL).max_age <= timedelta(hours=2)
