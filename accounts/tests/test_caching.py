"""What shows whose it is is not kept by caches or for the back button (RFC 9111 §5.2.2.5)."""

from __future__ import annotations

import pytest
from django.test import Client as Browser

from accounts.tests.builders import make_user

pytestmark = pytest.mark.django_db

PAGES = (
    *("/", "/mcp", "/link", "/link/code", "/account/", "/account/logout/", "/account/password/change/"),
    *("/account/reauthenticate/", "/account/inactive/", "/mcp/authorize"),
)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_that_names_the_signed_in_person_is_not_stored(path: str) -> None:
    browser = Browser()
    browser.force_login(make_user())

    response = browser.get(path)

    assert b"ada@example.com" in response.content
    assert "no-store" in response["Cache-Control"]


def test_nor_is_the_page_of_a_refused_form() -> None:
    browser = Browser(enforce_csrf_checks=True)
    browser.force_login(make_user())

    response = browser.post("/account/logout/")

    assert response.status_code == 403
    assert b"ada@example.com" in response.content
    assert "no-store" in response["Cache-Control"]


def test_a_document_that_says_how_long_it_keeps_is_stored_for_whoever_asks() -> None:
    browser = Browser()
    browser.force_login(make_user())

    assert browser.get("/.well-known/oauth-protected-resource")["Cache-Control"] == "public, max-age=300"
