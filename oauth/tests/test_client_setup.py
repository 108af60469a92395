"""Clients that staff set up: in the admin, and from the environment (design §5, `mcp.client_id`)."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client as Browser
from django.urls import reverse

from accounts.models import AuditEntry
from accounts.tests.builders import make_user
from oauth.models import Client
from oauth.tests.builders import make_client
from oauth.tests.protocol import basic, nothing_written, post_form

pytestmark = pytest.mark.django_db
ADD = "admin:oauth_client_add"


@pytest.fixture
def staff(browser: Browser) -> Browser:
    """The browser of a member of staff."""
    browser.force_login(make_user("staff@example.com", is_staff=True, is_superuser=True))
    return browser


def add(browser: Browser, **fields: str) -> Any:
    """Send the form."""
    return browser.post(reverse(ADD), {"name": "Reporting", "redirect_uris": "https://reports.example/cb", **fields})


def test_a_secret_is_shown_once_and_works(staff: Browser) -> None:
    page = add(staff, confidential="on")

    client = Client.objects.get()
    secret = page.content.decode().partition("dxs_")[2].partition("<")[0]
    asked = post_form(Browser(), "/mcp/introspect", {"token": "x"}, headers=basic(client.client_id, f"dxs_{secret}"))
    assert (page.status_code, asked.json()) == (200, {"active": False})
    assert "no-store" in page["Cache-Control"]
    assert secret not in client.client_secret
    change = staff.get(reverse("admin:oauth_client_change", args=[client.pk])).content.decode()
    assert secret not in change
    assert AuditEntry.objects.get(action="oauth.client.set_up").actor == make_staff_of(staff)


def make_staff_of(browser: Browser) -> Any:
    """Who is signed in."""
    from accounts.models import User

    return User.objects.get(pk=browser.session["_auth_user_id"])


def test_several_redirects_come_one_on_a_line(staff: Browser) -> None:
    add(staff, redirect_uris="https://reports.example/cb\r\nhttp://127.0.0.1/cb\r\ncursor://x/cb")

    assert Client.objects.get().redirect_uris == "https://reports.example/cb http://127.0.0.1/cb cursor://x/cb"


@pytest.mark.parametrize(
    "fields",
    [
        {"redirect_uris": "javascript:alert(1)"},
        {"redirect_uris": "http://reports.example/cb"},
        {"served_resource": "https://elsewhere.example/mcp"},
        {"name": ""},
    ],
)
def test_what_may_not_be_registered_may_not_be_set_up(staff: Browser, fields: dict[str, str]) -> None:
    with nothing_written():
        page = add(staff, **fields)

    assert page.status_code == 200
    assert b"errorlist" in page.content


def test_staff_without_the_permission_cannot(browser: Browser) -> None:
    browser.force_login(make_user("clerk@example.com", is_staff=True))

    with nothing_written():
        assert add(browser).status_code == 403


def test_the_environment_sets_a_connector_up_and_keeps_it_up_to_date(settings: Any, browser: Browser) -> None:
    settings.DEXTER_CONNECTOR_CLIENT_ID = "acme"
    for redirect_uri in ("https://acme.example/cb", "https://acme.example/new"):
        settings.DEXTER_CONNECTOR_REDIRECT_URIS = (redirect_uri,)
        call_command("set_up_connector")
        call_command("set_up_connector")

    client = Client.objects.get()
    assert (client.client_id, client.redirect_uris) == ("acme", "https://acme.example/new")
    assert browser.get("/.well-known/oauth-authorization-server").json()["mcp"] == {"client_id": "acme"}


def test_a_client_that_registered_itself_is_never_taken_over(settings: Any) -> None:
    make_client(client_id="acme", redirect_uris="https://theirs.example/cb")
    settings.DEXTER_CONNECTOR_CLIENT_ID = "acme"
    settings.DEXTER_CONNECTOR_REDIRECT_URIS = ("https://acme.example/cb",)

    call_command("set_up_connector")

    assert Client.objects.get().redirect_uris == "https://theirs.example/cb"


def test_nothing_to_set_up_is_said() -> None:
    with pytest.raises(CommandError, match="DEXTER_CONNECTOR_CLIENT_ID"):
        call_command("set_up_connector")


def test_without_a_connector_the_document_leaves_the_key_out(browser: Browser) -> None:
    assert "mcp" not in browser.get("/.well-known/oauth-authorization-server").json()
