"""Programs read English, people their own language: nothing of the protocol follows `Accept-Language`."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import get_resolver

from accounts.tests.builders import make_user
from oauth.tests.builders import make_client
from oauth.tests.protocol import authorize_path, decide, read_answer

pytestmark = pytest.mark.django_db

GERMAN = "de-DE,de;q=0.9,en;q=0.1"
DOCUMENTS = ("oauth-protected-resource", "oauth-authorization-server", "openid-configuration")
BAD_REGISTRATIONS: list[dict[str, Any]] = [
    {},
    {"redirect_uris": ["not a url"]},
    {"redirect_uris": ["https://a.example/cb"], "client_name": "x" * 5000},
    {"redirect_uris": ["javascript:alert(1)"]},
    {"redirect_uris": "https://a.example/cb", "grant_types": ["implicit"]},
]
REQUESTS: list[tuple[str, str, dict[str, Any]]] = [
    *(("GET", f"/.well-known/{document}", {}) for document in DOCUMENTS),
    *(("HEAD", f"/mcp/.well-known/{document}", {}) for document in DOCUMENTS),
    *(("POST", "/mcp/register", body) for body in BAD_REGISTRATIONS),
    *(("POST", path, {"grant_type": "authorization_code"}) for path in ("/mcp/token", "/api/connector/oauth/token")),
    ("GET", "/mcp/jwks.json", {}),
    ("GET", "/mcp/token", {}),
    ("POST", "/mcp/introspect", {"token": "x"}),
    ("POST", "/mcp/revoke", {"token": "x"}),
    ("GET", "/mcp/userinfo", {}),
    ("GET", "/mcp/register/nobody", {}),
    ("OPTIONS", "/mcp/register", {}),
]


def ask(method: str, path: str, body: dict[str, Any], language: str) -> Any:
    """One request in a new browser, as JSON to the registration endpoint and as a form to the others."""
    kind = "application/json" if "register" in path else "application/x-www-form-urlencoded"
    sent = json.dumps(body) if "register" in path else "&".join(f"{name}={value}" for name, value in body.items())
    return Browser(raise_request_exception=False).generic(
        method, path, sent, content_type=kind, headers={"Accept-Language": language}
    )


@pytest.mark.parametrize(("method", "path", "body"), REQUESTS)
def test_documents_and_errors_are_the_same_in_every_language(method: str, path: str, body: dict[str, Any]) -> None:
    english, german = (ask(method, path, body, language) for language in ("en", GERMAN))

    assert german.status_code == english.status_code
    assert german.content == english.content
    assert dict(german.headers) == dict(english.headers)
    assert "Accept-Language" not in german.headers.get("Vary", "")
    assert "Content-Language" not in german.headers


@pytest.mark.parametrize(
    "parameters", [{"code_challenge_method": "plain"}, {"code_challenge": None}, {"resource": "https://b"}]
)
def test_an_error_that_goes_back_to_the_assistant_is_the_same_in_every_language(
    parameters: dict[str, str | None],
) -> None:
    path = authorize_path(make_client(), **parameters)

    english, german = (Browser().get(path, headers={"Accept-Language": language}) for language in ("en", GERMAN))

    assert read_answer(german) == read_answer(english)
    assert read_answer(german)["error_description"]


def test_a_person_who_says_no_in_german_is_reported_in_english() -> None:
    path = authorize_path(make_client())
    browsers = [Browser(headers={"Accept-Language": language}) for language in ("en", GERMAN)]
    for name, browser in zip("ab", browsers, strict=True):
        browser.force_login(make_user(email=f"{name}@example.com"))

    english, german = (read_answer(decide(browser, path, "deny")) for browser in browsers)

    assert german == english
    assert german["error"] == "access_denied"


def test_the_page_that_asks_is_in_the_language_of_the_person(browser: Browser) -> None:
    browser.force_login(make_user())

    page = browser.get(authorize_path(make_client()), headers={"Accept-Language": GERMAN})

    assert page.headers["Content-Language"] == "de"
    assert "Accept-Language" in page.headers["Vary"]
    assert '<html lang="de"' in page.content.decode()
    assert "Erlauben" in page.content.decode()


def test_each_endpoint_of_the_protocol_is_marked() -> None:
    """A new one that forgets is a page to the middleware. The consent page is one, and has pictures."""
    for_people = ("authorize", "logos/")
    urls = (pattern for pattern in get_resolver("oauth.urls").url_patterns)
    unmarked = [str(pattern.pattern) for pattern in urls if not getattr(pattern.callback, "answers_programs", False)]

    assert [path for path in unmarked if not any(word in path for word in for_people)] == []


def test_the_page_on_the_way_back_offers_no_other_language(browser: Browser) -> None:
    """It answers a POST and holds the authorization code: nothing on it leads anywhere else."""
    browser.force_login(make_user())
    path = authorize_path(make_client(redirect_uris="cursor://callback"), redirect_uri="cursor://callback")

    page = decide(browser, path, "allow").content.decode()

    assert "cursor://callback?code=" in page
    assert "<form" not in page
