"""Fetching from a stranger's host (draft-ietf-oauth-client-id-metadata-document §5, §8.6, §8.7)."""

from __future__ import annotations

import gzip
import json
import socket
import ssl
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from oauth import fetching
from oauth.errors import DocumentNotFetched, FetchesBusy
from oauth.fetching import MAX_DOCUMENT_BYTES, fetch_document
from oauth.tests.stand_ins import Answer, Handler, Host, StandIns, json_answer

PATH = "/client.json"
URL = f"https://app.example.com{PATH}"


@pytest.fixture
def host(stand_ins: StandIns) -> Host:
    """A host that serves a good document."""
    host = stand_ins.serve("app.example.com")
    host.answers[PATH] = json_answer({"client_id": URL})
    return host


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a second instead of five."""
    monkeypatch.setattr(fetching, "FETCH_SECONDS", 0.5)


def refusal(url: str = URL) -> str:
    """Why nothing could be fetched."""
    with pytest.raises(DocumentNotFetched) as refused:
        fetch_document(url)
    return refused.value.reason


def test_a_document_is_fetched_over_tls_by_its_host_name(host: Host) -> None:
    fetched = fetch_document(URL)

    assert json.loads(fetched.body) == {"client_id": URL}
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


# --- Time -------------------------------------------------------------------------------------------------------------


def drip(head: bytes, byte: bytes) -> Handler:
    """An answer that never ends, one byte at a time: each comes well within any timeout."""

    def handler(connection: ssl.SSLSocket) -> None:
        connection.sendall(head)
        while True:
            connection.sendall(byte)
            time.sleep(0.05)

    return handler


def silence(connection: ssl.SSLSocket) -> None:
    """No answer."""
    connection.recv(1)


JSON_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
SLOW = {
    "no answer": silence,
    "body": drip(JSON_HEAD + b"\r\n", b" "),
    "chunks": drip(JSON_HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "header": drip(b"HTTP/1.1 200 OK\r\nX-Slow: ", b"a"),
    "status": drip(b"HTTP/1.1 200 ", b"O"),
    "provisional answers": drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
}


@pytest.mark.usefixtures("_impatient")
@pytest.mark.parametrize("answer", SLOW.values(), ids=SLOW)
def test_a_slow_host_is_left_when_the_time_is_over(host: Host, answer: Handler) -> None:
    host.answers[PATH] = answer
    begun = time.monotonic()

    assert refusal() == "took_too_long"
    assert time.monotonic() - begun < 2
    assert all_slots_come_back()


@pytest.mark.usefixtures("_impatient")
def test_a_tls_handshake_that_drips_is_left_when_the_time_is_over(stand_ins: StandIns) -> None:
    stand_ins.resolve("app.example.com", ["93.184.216.7"])
    with socket.create_server(("127.0.0.1", 0)) as listener:
        stand_ins.routes["93.184.216.7:443"] = listener.getsockname()[1]
        threading.Thread(target=_drip_a_handshake, args=(listener,), daemon=True).start()
        begun = time.monotonic()

        assert refusal() == "took_too_long"
        assert time.monotonic() - begun < 2
        assert all_slots_come_back()


def _drip_a_handshake(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        # A handshake record of 16 KiB, of which a byte comes now and then.
        connection.sendall(b"\x16\x03\x03\x40\x00\x02")
        while True:
            try:
                connection.sendall(b"\x00")
            except OSError:
                return
            time.sleep(0.05)


@pytest.mark.usefixtures("_impatient")
def test_a_resolver_that_hangs_keeps_nobody_waiting_but_its_own_thread(
    stand_ins: StandIns, monkeypatch: pytest.MonkeyPatch
) -> None:
    hung = threading.Event()

    def look_up(host: str, port: int) -> list[str]:
        hung.wait(10)
        return ["93.184.216.1"]

    monkeypatch.setattr(fetching, "look_up", look_up)
    begun = time.monotonic()

    assert refusal() == "took_too_long"
    assert time.monotonic() - begun < 2
    assert fetching._slots._value == fetching.MAX_CONCURRENT_FETCHES - 1
    hung.set()
    assert all_slots_come_back()
    assert stand_ins.connections == []


@pytest.mark.usefixtures("_impatient")
def test_dead_addresses_share_the_time(stand_ins: StandIns, host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[float] = []

    def connect(address: str, port: int, seconds: float) -> socket.socket:
        given.append(seconds)
        time.sleep(seconds)
        raise TimeoutError

    stand_ins.resolve("app.example.com", [f"93.184.217.{number}" for number in range(20)])
    monkeypatch.setattr(fetching, "connect", connect)

    assert refusal() == "took_too_long"
    assert len(given) == fetching.MAX_ADDRESSES
    assert sum(given) <= 0.55


def test_no_more_fetches_are_under_way_than_allowed(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    taken, go_on = threading.Semaphore(0), threading.Event()

    def wait(connection: ssl.SSLSocket) -> None:
        taken.release()
        go_on.wait(5)
        connection.sendall(json_answer({}).wire())

    host.answers[PATH] = wait
    fetches = [threading.Thread(target=fetch_document, args=(URL,)) for _ in range(fetching.MAX_CONCURRENT_FETCHES)]
    for fetch in fetches:
        fetch.start()
    for _ in fetches:
        assert taken.acquire(timeout=5)

    with pytest.raises(FetchesBusy):
        fetch_document(URL)

    go_on.set()
    for fetch in fetches:
        fetch.join()
    assert len(host.requests) == fetching.MAX_CONCURRENT_FETCHES
    assert all_slots_come_back()


def all_slots_come_back() -> bool:
    """Whether every thread that fetched is done before long: none is left behind at a slow host."""
    until = time.monotonic() + 3
    while time.monotonic() < until:
        if fetching._slots._value == fetching.MAX_CONCURRENT_FETCHES:
            return True
        time.sleep(0.02)
    return False


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
