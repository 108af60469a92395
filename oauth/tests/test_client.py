"""The rules of one client (RFC 6749 §2, §3.1.2; connectors, rules 1 and 8)."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.test import Client as Browser
from django.utils import timezone

from oauth.models import Client
from oauth.tests.builders import REDIRECT_URI, make_client
from oauth.tests.protocol import authorize_path, decide, exchange_code, nothing_written, read_answer

pytestmark = pytest.mark.django_db

CURSOR = "cursor://anysphere.cursor-mcp/oauth/callback"
Source = Client.RegistrationSource


def test_any_of_the_registered_redirects_is_allowed() -> None:
    client = make_client(redirect_uris=f"{REDIRECT_URI} {CURSOR}")

    assert client.redirect_uri_allowed(CURSOR)
    assert client.redirect_uri_allowed(REDIRECT_URI.replace("3334", "50000"))
    assert not client.redirect_uri_allowed("https://attacker.example/")


@pytest.mark.parametrize("redirect_uri", [None, CURSOR])
def test_a_private_scheme_that_staff_took_off_the_list_is_not_answered(
    browser: Browser, settings: Any, redirect_uri: str | None
) -> None:
    client = make_client(redirect_uris=CURSOR)
    settings.DEXTER_PRIVATE_REDIRECT_SCHEMES = ("vscode",)

    with nothing_written("oauth.authorization.refused"):
        response = browser.get(authorize_path(client, redirect_uri=redirect_uri))

    assert response.status_code == 400
    assert b"cursor:" not in response.content


@pytest.mark.parametrize("redirect_uri", [None, "http://assistant.example/callback"])
def test_a_redirect_in_the_clear_is_not_answered_whoever_registered_it(
    browser: Browser, redirect_uri: str | None
) -> None:
    client = make_client(redirect_uris="http://assistant.example/callback", registration_source=Source.MANUAL)

    with nothing_written("oauth.authorization.refused"):
        response = browser.get(authorize_path(client, redirect_uri=redirect_uri))

    assert response.status_code == 400


@pytest.mark.parametrize("redirect_uri", ["http://assistant.example/", "https://a.example/?code=x", "other://x"])
def test_staff_cannot_set_up_what_could_not_register(redirect_uri: str) -> None:
    with pytest.raises(ValidationError) as caught:
        make_client(redirect_uris=redirect_uri, algorithm="").full_clean()

    assert "redirect_uris" in caught.value.message_dict


@pytest.mark.parametrize(
    ("source", "client_id", "redirect_uris", "host"),
    [
        (Source.DCR, "dxc_x", "https://claude.ai/callback", None),
        (Source.DCR, "https://claude.ai/client", "https://claude.ai/callback", None),
        (Source.CIMD, "https://claude.ai/client", "https://other.example/callback", "claude.ai"),
        (Source.MANUAL, "x", "http://localhost/ https://claude.ai/callback", "claude.ai"),
        (Source.MANUAL, "x", "http://localhost/", None),
    ],
)
def test_a_name_is_verified_by_a_host_or_not_at_all(
    source: str, client_id: str, redirect_uris: str, host: str | None
) -> None:
    client = make_client(registration_source=source, client_id=client_id, redirect_uris=redirect_uris)

    assert client.verified_host == host


def test_a_blocked_client_is_not_usable() -> None:
    assert make_client().is_usable(None)
    assert not make_client(blocked_at=timezone.now()).is_usable(None)


# --- manage.py createapplication: django-oauth-toolkit's command makes clients that staff vouch for -------------------


def create(*arguments: str) -> str:
    """Run the command; gives what it printed."""
    out = StringIO()
    call_command("createapplication", "public", "authorization-code", *arguments, stdout=out, no_color=True)
    return out.getvalue()


def test_a_client_that_staff_made_connects_and_is_refreshed(browser: Browser) -> None:
    create("--name", "Ours", "--client-id", "ours", "--redirect-uris", REDIRECT_URI)
    client = Client.objects.get()
    code = read_answer(decide(browser, authorize_path(client), "guest"))["code"]

    answer = exchange_code(browser, client, code).json()

    assert client.registration_source == Source.MANUAL
    assert "refresh_token" in answer


def test_a_client_with_a_redirect_in_the_clear_is_not_made() -> None:
    with nothing_written():
        printed = create("--redirect-uris", "http://assistant.example/callback")

    assert "redirect_uris" in printed
