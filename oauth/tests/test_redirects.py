"""Redirect URIs: what may be registered and what matches (RFC 6749 §3.1.2, RFC 8252 §7, RFC 9700 §4.1)."""

from __future__ import annotations

import pytest

from oauth.redirects import (
    answer_uri,
    destination_kind,
    is_acceptable_redirect_uri,
    redirect_destination,
    redirect_uri_matches,
)
from oauth.templatetags.destinations import destination

SCHEMES = ("cursor", "vscode")

ACCEPTABLE = [
    "https://a.example",
    "https://a.example/callback",
    "https://a.example:8443/callback?tenant=7&x",
    "HTTPS://A.example/callback",
    "https://127.0.0.1/callback",
    "https://xn--e1afmkfd.example/",
    "http://localhost/callback",
    "http://LOCALHOST:6274/callback",
    "http://127.0.0.1:33418/",
    "http://127.0.0.53/",
    "http://[::1]:8080/callback",
    "http://[0:0:0:0:0:0:0:1]/callback",
    "cursor://anysphere.cursor-mcp/oauth/callback",
    "cursor:///callback",
    "cursor:callback",
    "vscode://publisher.extension/did-authenticate?window=1",
]

UNACCEPTABLE = [
    "",
    "callback",
    "/callback",
    "//a.example/callback",
    "https:",
    "https://",
    "https:///callback",
    "https:a.example",
    "http://a.example/",
    "http://10.0.0.1/",
    "http://127.1/",
    "http://2130706433/",
    "http://0.0.0.0/",
    "http://localhost./",
    "http://localhost.a.example/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::1/",
    "https://a.example:0/",
    "https://a.example:65536/",
    "https://a.example:x/",
    "https://a.example/#",
    "https://a.example/#x",
    "https://user@a.example/",
    "https://:@a.example/",
    "http://127.0.0.1@a.example/",
    "https://a.example\\.b.example/",
    "https://a.example/ ",
    "https://a.example/\n",
    "https://a.exam\tple/",
    "https://a.example/%zz",
    "https://a.example/<x>",
    'https://a.example/"x',
    "https://ä.example/",
    "https://a.example/ä",
    "https://a%2eexample/",
    "https://a.example/?code=x",
    "https://a.example/?a=b&state",
    "https://a.example/?%63ode=x",
    "https://a.example/?iss=x",
    "https://a.example/?error=x",
    "cursor:",
    "cursor://",
    "cursor://h/#x",
    "cursor://user@h/",
    "Javascript:alert(1)",
    "data:text/html,x",
    "other://h/",
    "https://a.example/" + "x" * 2000,
]

MATCHING = [
    ("https://a.example/cb", "https://a.example/cb"),
    ("cursor://h/cb", "cursor://h/cb"),
    ("http://localhost/cb", "http://localhost:5000/cb"),
    ("http://localhost:5000/cb", "http://localhost/cb"),
    ("http://127.0.0.1:1/cb?x=1", "http://127.0.0.1:65535/cb?x=1"),
    ("http://[::1]/cb", "http://[::1]:5000/cb"),
]

DIFFERENT = [
    ("https://a.example/cb", "https://a.example:443/cb"),
    ("https://a.example/cb", "https://a.example/cb/"),
    ("https://a.example/cb", "https://a.example/cb?x"),
    ("https://a.example/cb", "https://a.example/cb#x"),
    ("https://a.example/cb", "https://a.example/CB"),
    ("https://a.example/cb", "https://A.example/cb"),
    ("https://a.example/cb", "http://a.example/cb"),
    ("https://a.example/cb", "https://a.example.b.example/cb"),
    ("https://a.example/cb", "https://a.example@b.example/cb"),
    ("https://a.example/cb", "https://a.example/x/../cb"),
    ("https://localhost/cb", "https://localhost:5000/cb"),
    ("cursor://h/cb", "cursor://h:5000/cb"),
    ("http://localhost/cb", "http://127.0.0.1/cb"),
    ("http://localhost/cb", "http://localhost.b.example:80/cb"),
    ("http://localhost/cb", "http://localhost:80@b.example/cb"),
    ("http://localhost/cb", "http://user@localhost/cb"),
    ("http://localhost/cb", "http://localhost:0/cb"),
    ("http://localhost/cb", "http://localhost:99999/cb"),
    ("http://localhost/cb", "http://localhost:5000/cb?x=1"),
    ("http://localhost/cb", "http://localhost:5000/cb?"),
    ("http://localhost/cb", "http://localhost:5000/cb#x"),
    ("http://localhost/cb", "http://localhost:5000/cb/../x"),
    ("http://localhost/cb", "http://localhost:5000/%63b"),
    ("http://localhost/cb", "http://localhost:5000\\@b.example/cb"),
    ("http://localhost/cb", "http://localhost:5000/cb "),
    ("http://localhost/cb", "http://localhost:5000/cb\n"),
    ("http://localhost/cb", "https://localhost:5000/cb"),
    ("http://localhost/cb", ""),
]


@pytest.mark.parametrize("uri", ACCEPTABLE)
def test_a_good_redirect_may_be_registered_and_then_matches_itself(uri: str) -> None:
    assert is_acceptable_redirect_uri(uri, private_schemes=SCHEMES)
    assert redirect_uri_matches(uri, uri)


@pytest.mark.parametrize("uri", UNACCEPTABLE)
def test_a_bad_redirect_may_not_be_registered(uri: str) -> None:
    assert not is_acceptable_redirect_uri(uri, private_schemes=SCHEMES)


@pytest.mark.parametrize(("registered", "requested"), MATCHING)
def test_the_same_redirect_matches_and_a_loopback_one_on_any_port(registered: str, requested: str) -> None:
    assert redirect_uri_matches(registered, requested)


@pytest.mark.parametrize(("registered", "requested"), DIFFERENT)
def test_another_redirect_does_not_match(registered: str, requested: str) -> None:
    assert not redirect_uri_matches(registered, requested)


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("https://a.example/callback", "a.example"),
        ("https://127.0.0.1/callback", "127.0.0.1"),
        ("http://127.0.0.1:33418/callback", "a program on the device where it was connected, 127.0.0.1"),
        ("http://[::1]:80/", "a program on the device where it was connected, ::1"),
        ("cursor://a.example/callback", "an app on the device where it was connected, cursor"),
    ],
)
def test_a_person_at_another_device_reads_on_which_one_it_is(uri: str, words: str) -> None:
    assert destination(redirect_destination(uri), destination_kind(uri)) == words


@pytest.mark.parametrize(
    ("uri", "destination"),
    [
        ("https://A.example:8443/callback", "a.example"),
        ("http://[::1]:80/", "::1"),
        ("cursor://bank.example/callback", "cursor:"),
        ("cursor:callback", "cursor:"),
    ],
)
def test_a_person_reads_the_host_or_the_private_scheme(uri: str, destination: str) -> None:
    assert redirect_destination(uri) == destination


@pytest.mark.parametrize(
    ("uri", "answer"),
    [
        ("https://a.example", "https://a.example?code=a%2Bb+c"),
        ("https://a.example/?", "https://a.example/?code=a%2Bb+c"),
        ("https://a.example/?x&y=%2F", "https://a.example/?x&y=%2F&code=a%2Bb+c"),
        ("cursor:///callback", "cursor:///callback?code=a%2Bb+c"),
    ],
)
def test_an_answer_keeps_the_redirect_byte_for_byte(uri: str, answer: str) -> None:
    assert answer_uri(uri, [("code", "a+b c"), ("state", None)]) == answer
