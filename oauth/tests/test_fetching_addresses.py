"""Which addresses are called (draft-ietf-oauth-client-id-metadata-document §8.6, RFC 6890)."""

from __future__ import annotations

import pytest

from oauth.fetching import fetch_document, is_globally_routable
from oauth.tests.documents import PATH, URL
from oauth.tests.fetches import refusal
from oauth.tests.stand_ins import Authority, Host, StandIns, json_answer

# --- Addresses --------------------------------------------------------------------------------------------------------

NOT_PUBLIC = [
    *("127.0.0.1", "127.8.9.10", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254"),
    *("100.64.0.1", "192.0.0.1", "192.0.0.192", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1"),
    *("224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:7f00:1", "::ffff:169.254.169.254", "::ffff:0:127.0.0.1"),
    *("64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b::10.0.0.1", "64:ff9b:1::1", "64:ff9b:1::8.8.8.8"),
    *("2002:7f00:1::", "2002:a9fe:a9fe::1", "2002:c0a8:101::1", "2002:0a00:1::1"),
    # Teredo holds the server, and the client with every bit turned over: 127.0.0.1 and 10.0.0.1.
    *("2001:0:7f00:1::f7f7:f7f7", "2001:0:0808:0808::80ff:fffe", "2001:0:0808:0808::f5ff:fffe"),
    *("fe80::1", "fe80::1%eth0", "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1", "ff0e::1"),
    *("100::1", "2001:db8::1", "2001:2::1", "2001:10::1", "3fff::1", "5f00::1", "4000::1"),
    *("", "localhost", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "8.8.8.8.", "\uff11\uff12\uff17.0.0.1"),
]
PUBLIC = [
    *("8.8.8.8", "93.184.216.34", "160.79.104.10", "2606:4700::6810:1", "2a00:1450:4001::1"),
    *("::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1"),
]


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_an_address_that_is_not_of_the_public_internet_is_seen_in_every_spelling(address: str) -> None:
    assert not is_globally_routable(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_of_the_public_internet_is_called(address: str) -> None:
    assert is_globally_routable(address)


@pytest.mark.parametrize("address", NOT_PUBLIC[:50])
def test_nothing_connects_to_an_address_that_is_not_public(stand_ins: StandIns, host: Host, address: str) -> None:
    stand_ins.resolve("app.example.com", [address])
    stand_ins.routes[f"{address}:443"] = host.port

    assert refusal() == "address_not_public"
    assert stand_ins.connections == []


def test_one_private_address_among_public_ones_shuts_the_host_out(stand_ins: StandIns, host: Host) -> None:
    stand_ins.resolve("app.example.com", ["93.184.216.1", "127.0.0.1"])

    assert refusal() == "address_not_public"
    assert stand_ins.connections == []


def test_production_looks_names_up_itself_and_refuses_loopback() -> None:
    # Without stand-ins: the system's own resolver knows this name, and a server could well listen there.
    assert refusal("https://localhost/client.json") == "address_not_public"
    assert refusal("https://127.0.0.1/client.json") == "address_not_public"
    assert refusal("https://2130706433/client.json") == "address_not_public"
    assert refusal("https://[::1]/client.json") == "address_not_public"


def test_a_resolver_that_changes_its_answer_is_asked_once(stand_ins: StandIns, host: Host) -> None:
    stand_ins.resolve("app.example.com", ["93.184.216.1"], ["127.0.0.1"])
    stand_ins.routes["127.0.0.1:443"] = host.port

    fetch_document(URL)

    assert stand_ins.lookups == ["app.example.com"]
    assert stand_ins.connections == ["93.184.216.1:443"]


def test_the_next_address_is_tried_when_one_does_not_answer(stand_ins: StandIns, host: Host) -> None:
    stand_ins.resolve("app.example.com", ["93.184.216.99", "93.184.216.1", "93.184.216.1"])

    fetch_document(URL)

    assert stand_ins.connections == ["93.184.216.99:443", "93.184.216.1:443"]


def test_a_host_without_an_address_is_unreachable(stand_ins: StandIns) -> None:
    assert refusal() == "unreachable"
    stand_ins.resolve("app.example.com", [])
    assert refusal() == "address_not_public"


# --- TLS --------------------------------------------------------------------------------------------------------------


def test_a_certificate_of_an_unknown_authority_is_refused(stand_ins: StandIns) -> None:
    host = stand_ins.serve("app.example.com", authority=Authority())
    host.answers[PATH] = json_answer({})

    assert refusal() == "tls_failed"
    assert host.requests == []


def test_a_certificate_of_another_host_is_refused(stand_ins: StandIns, host: Host) -> None:
    stand_ins.resolve("other.example.com", ["93.184.216.1"])

    assert refusal(f"https://other.example.com{PATH}") == "tls_failed"
    assert host.requests == []
