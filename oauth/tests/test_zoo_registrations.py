"""Vendors' assistants that register, from their own bodies to a refresh that is over (connectors §1)."""

from __future__ import annotations

import html
import json
import re
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.conf import settings
from django.test import Client as Browser

from oauth.models import Client, ConnectorSession
from oauth.services import end_session
from oauth.tests.protocol import STATE, authorize_path, decide, exchange_code, post_registration, refresh
from oauth.tests.zoo import REGISTRATIONS

pytestmark = pytest.mark.django_db

# Where each of them comes back to: what it registered, and for a desktop assistant any port (RFC 8252 §7.3).
REDIRECTS = [
    *((name, uri) for name, body in REGISTRATIONS.items() for uri in body["redirect_uris"]),
    ("claude code", "http://localhost:54321/callback"),
    ("claude code", "http://127.0.0.1:1/callback"),
    ("vs code", "http://127.0.0.1:50000/"),
    ("mcp-remote", "http://localhost:11042/oauth/callback"),
]


def register_as(browser: Browser, name: str) -> Client:
    """Register with the vendor's own body."""
    answer = post_registration(browser, json.dumps(REGISTRATIONS[name])).json()
    return Client.objects.get(client_id=answer["client_id"])


def handed_back(response: Any, redirect_uri: str) -> dict[str, str]:
    """What the browser brings to the assistant: by a redirect, or by the page for a private scheme."""
    if redirect_uri.startswith("http"):
        uri = response["Location"]
    else:
        found = re.search(r'<a class="button[^"]*" href="([^"]+)"', response.content.decode())
        assert found
        # The policy must not keep a browser from leaving after the POST, nor the page depend on a script.
        assert "form-action" not in response["Content-Security-Policy"]
        assert 'http-equiv="refresh"' in response.content.decode()
        uri = html.unescape(found[1])
    assert uri.startswith(f"{redirect_uri}?")
    return dict(parse_qsl(urlsplit(uri).query))


@pytest.mark.parametrize(("name", "redirect_uri"), REDIRECTS)
def test_an_assistant_connects_and_refreshes_until_its_connection_is_ended(name: str, redirect_uri: str) -> None:
    # Claude Code sends an empty User-Agent.
    browser = Browser(headers={"User-Agent": ""})
    client = register_as(browser, name)
    scope = "identity.read link.write offline_access"
    path = authorize_path(client, redirect_uri=redirect_uri, resource=settings.DEXTER_RESOURCE, scope=scope)

    answer = handed_back(decide(browser, path, "guest"), redirect_uri)
    tokens = exchange_code(browser, client, answer["code"], redirect_uri=redirect_uri).json()
    # Claude refreshes up to five minutes early.
    early = refresh(browser, client, tokens["refresh_token"]).json()
    end_session(session=ConnectorSession.objects.get(), reason=ConnectorSession.EndReason.USER)
    dead = refresh(browser, client, early["refresh_token"])

    assert (answer["state"], answer["iss"]) == (STATE, settings.DEXTER_ISSUER)
    assert tokens["scope"] == scope
    assert tokens["access_token"] != early["access_token"]
    # 401 invalid_client would make Claude register again.
    assert (dead.status_code, dead.json()["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize(("name", "redirect_uri"), REDIRECTS)
def test_an_assistant_learns_of_a_denial(browser: Browser, name: str, redirect_uri: str) -> None:
    client = register_as(browser, name)

    response = decide(browser, authorize_path(client, redirect_uri=redirect_uri), "deny")

    answer = handed_back(response, redirect_uri)
    assert (answer["error"], answer["state"], answer["iss"]) == ("access_denied", STATE, settings.DEXTER_ISSUER)
    assert not ConnectorSession.objects.exists()
