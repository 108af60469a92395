"""Which URLs may be client IDs, and which hosts are shut out (draft-ietf-oauth-client-id-metadata-document §3)."""

from __future__ import annotations

from typing import Any

import pytest

from oauth.document_urls import fault_of_document_url, is_blocked_host, names_document
from oauth.tests.builders import make_client, make_client_document


@pytest.mark.parametrize(
    "url",
    [
        "https://chatgpt.com/oauth/client.json",
        "https://chatgpt.com/oauth/tU1UVEq8rRTK/client.json",
        "https://chatgpt.com/oauth/AVY7bkwkV--3/client.json",
        "https://claude.ai/oauth/mcp-oauth-client-metadata",
        "https://vscode.dev/oauth/client-metadata.json",
        "https://example.com/",
        "https://example.com:443/client",
        "https://example.com:8443/client",
        "https://xn--bcher-kva.example/client.json",
        "https://example.com/a/b/",
        "https://example.com/a%20b/...",
        "https://a_b.example.com/client.json",
    ],
)
def test_a_client_id_url_is_good(url: str) -> None:
    assert names_document(url)
    assert fault_of_document_url(url) is None


@pytest.mark.parametrize(
    "url",
    [
        # The rules of the draft.
        "https://example.com",
        "https://example.com?x=/client.json",
        "https://user@example.com/client.json",
        "https://user:password@example.com/client.json",
        "https://@example.com/client.json",
        "https://example.com/client.json#fragment",
        "https://example.com/client.json#",
        "https://example.com/a/../client.json",
        "https://example.com/./client.json",
        "https://example.com/..",
        "https://example.com/%2e%2E/client.json",
        "https://example.com/.%2e/client.json",
        # Whoever can make a host echo its query would be vouched for by that host.
        'https://example.com/echo?{"client_id":1}',
        "https://example.com/client.json?v=1",
        "https://example.com/client.json?",
        # No host name.
        "https:///client.json",
        "https://localhost/client.json",
        "https://intranet/client.json",
        "https://127.0.0.1/client.json",
        "https://127.1/client.json",
        "https://2130706433/client.json",
        "https://0x7f000001/client.json",
        "https://0x7f.0.0.0x1/client.json",
        "https://0177.0.0.1/client.json",
        "https://8.8.8.8/client.json",
        "https://[::1]/client.json",
        "https://[::ffff:127.0.0.1]/client.json",
        "https://[2606:4700::1]/client.json",
        "https://[/client.json",
        "https://example.com./client.json",
        "https://.example.com/client.json",
        "https://example..com/client.json",
        "https://-example.com/client.json",
        "https://exa%6dple.com/client.json",
        "https://example.com\\@evil.example/client.json",
        "https://bücher.example/client.json",
        "https://ex\u0430mple.com/client.json",
        # Ports where something else is spoken, or none is.
        "https://example.com:/client.json",
        "https://example.com:0/client.json",
        "https://example.com:22/client.json",
        "https://example.com:25/client.json",
        "https://example.com:80/client.json",
        "https://example.com:99999/client.json",
        "https://example.com:x/client.json",
        # What no URL holds.
        "https://example.com/client json",
        "https://example.com/client\njson",
        "https://example.com/client.json\n",
        "https://example.com/\x00",
        "https://example.com/\ud800",
        "https://example.com/<script>",
        "https://example.com/" + "a" * 236,
        "https://",
    ],
)
def test_a_client_id_url_is_refused(url: str) -> None:
    assert fault_of_document_url(url) is not None


@pytest.mark.parametrize(
    "client_id", ["dxc_abc", "http://example.com/client.json", "HTTPS://example.com/client.json", ""]
)
def test_what_is_no_https_url_is_an_ordinary_client_id(client_id: str) -> None:
    assert not names_document(client_id)


def test_keys_may_be_at_a_url_with_a_query() -> None:
    assert fault_of_document_url("https://example.com/jwks?v=1", may_have_query=True) is None
    assert fault_of_document_url("https://example.com/jwks?v=1#x", may_have_query=True) is not None


def test_our_own_host_describes_no_client(settings: Any) -> None:
    settings.DEXTER_PUBLIC_URL = "https://dexter.example.com"

    assert fault_of_document_url("https://dexter.example.com/client.json") == "url_is_ours"
    assert fault_of_document_url("https://DEXTER.example.com:8443/client.json") == "url_is_ours"
    assert fault_of_document_url("https://www.dexter.example.com/client.json") is None


@pytest.mark.parametrize(
    ("url", "blocked"),
    [
        ("https://evil.example/client.json", True),
        ("https://EVIL.example:8443/client.json", True),
        ("https://app.evil.example/client.json", True),
        ("https://a.b.evil.example/client.json", True),
        ("https://notevil.example/client.json", False),
        ("https://evil.example.com/client.json", False),
        ("https://example/client.json", False),
        ("https://[/client.json", False),
    ],
)
def test_a_blocked_host_takes_the_hosts_below_it_along(settings: Any, url: str, blocked: bool) -> None:
    settings.DEXTER_BLOCKED_CLIENT_HOSTS = ("evil.example",)

    assert is_blocked_host(url) is blocked
    assert (fault_of_document_url(url) == "host_blocked") is blocked


@pytest.mark.django_db
def test_a_client_of_a_blocked_host_is_not_usable_any_more(settings: Any) -> None:
    client = make_client_document().client
    assert client.is_usable(None)

    settings.DEXTER_BLOCKED_CLIENT_HOSTS = ("example.com",)

    assert not client.is_usable(None)
    # Whoever registered is no document of any host.
    assert make_client().is_usable(None)
