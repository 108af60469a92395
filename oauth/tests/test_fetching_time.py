"""How long a fetch may take, and how many may be under way (draft-ietf-oauth-client-id-metadata-document §8.7)."""

from __future__ import annotations

import socket
import ssl
import threading
import time

import pytest

from oauth import fetching
from oauth.errors import FetchesBusy
from oauth.fetching import fetch_document
from oauth.tests.documents import PATH, URL
from oauth.tests.fetches import JSON_HEAD, all_slots_come_back, refusal
from oauth.tests.stand_ins import Handler, Host, StandIns, json_answer


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
