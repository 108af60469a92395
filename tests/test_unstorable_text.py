"""A NUL wherever somebody may write one: PostgreSQL refuses it, so no query that holds one may end as a crash."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import DataError
from django.test import Client as Browser
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.converters import StringConverter

from accounts.tests.builders import make_user
from linking.api import views

pytestmark = pytest.mark.django_db

FORM = "application/x-www-form-urlencoded"
NUL = "https://a.example/\x00b"
# What any view reads from a query or a form, and what Django's admin reads.
NAMES = [
    *("client_id", "client_secret", "redirect_uri", "state", "scope", "resource", "nonce", "prompt", "max_age"),
    *("code", "code_id", "token", "grant_type", "refresh_token", "client_assertion", "decision", "stamp", "next"),
    *("login", "email", "password", "password1", "oldpassword", "display_name", "name", "action", "language", "agreed"),
    *("kind", "assistant", "page", "lang", "version", "preview_id", "subject", "issuer", "session_id", "link_id"),
]
ADMIN_NAMES = ["q", "o", "p", "_popup", "_to_field", "action", "_selected_action", "created_at__gte", "is_guest__exact"]


def paths(patterns: list[Any] | None = None, prefix: str = "") -> Iterator[str]:
    """Every path of the site, with a NUL in each part that may be any text."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = prefix + str(pattern.pattern).lstrip("^").rstrip("$")
        if isinstance(pattern, URLResolver):
            yield from paths(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern) and "(" not in route and "?" not in route:
            yield "/" + _filled_in(pattern, route)


def _filled_in(pattern: URLPattern, route: str) -> str:
    for name, converter in getattr(pattern.pattern, "converters", {}).items():
        value = "a%00b" if type(converter) is StringConverter else "1"
        if converter.regex == "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}":
            value = "11111111-1111-4111-8111-111111111111"
        for kind in ("str:", "path:", "int:", "uuid:", "slug:", ""):
            route = route.replace(f"<{kind}{name}>", value)
    return route


@pytest.fixture(params=["nobody", "staff"])
def browser(request: pytest.FixtureRequest) -> Browser:
    """A browser that shows what people see: of somebody who is not signed in, or who may see everything."""
    browser = Browser(raise_request_exception=False)
    if request.param == "staff":
        browser.force_login(make_user("staff@example.com", is_staff=True, is_superuser=True))
    return browser


@pytest.mark.parametrize("path", sorted({path for path in paths() if "logout" not in path}))
def test_a_nul_is_an_error_of_whoever_sent_it(browser: Browser, path: str) -> None:
    everything = dict.fromkeys([*NAMES, *ADMIN_NAMES], NUL)
    credentials = base64.b64encode(b"a\x00b:c\x00d").decode()
    answers = {
        "path": browser.get(path),
        "query": browser.get(path, everything),
        "form": browser.post(path, everything),
        "json": browser.post(path, json.dumps(everything), content_type="application/json"),
    }
    for scheme in (f"Basic {credentials}", "Bearer dxr_x\x00"):
        headers = {"Authorization": scheme, "User-Agent": NUL, "Accept-Language": NUL, "Referer": NUL}
        answers[scheme] = browser.post(path, urlencode(everything), FORM, headers=headers)

    assert crashes(answers) == {}


@pytest.mark.parametrize("path", ["/mcp/authorize", "/account/activity/", "/account/login/", "/link", "/link/disown"])
def test_each_parameter_alone_may_have_one(browser: Browser, path: str) -> None:
    """Where one that is wrong hides the next."""
    answers = {f"query {name}": browser.get(path, {name: NUL}) for name in NAMES}
    answers |= {f"form {name}": browser.post(path, {name: NUL}) for name in NAMES}

    assert crashes(answers) == {}


@pytest.mark.parametrize("path", ["/admin/accounts/auditentry/", "/admin/accounts/user/", "/admin/oauth/client/"])
def test_so_may_what_staff_look_for(path: str) -> None:
    browser = Browser(raise_request_exception=False)
    browser.force_login(make_user("staff@example.com", is_staff=True, is_superuser=True))

    assert crashes({name: browser.get(path, {name: NUL}) for name in ADMIN_NAMES}) == {}


def crashes(answers: dict[str, Any]) -> dict[str, int]:
    """The answers that say that the site is at fault."""
    return {sent: answer.status_code for sent, answer in answers.items() if answer.status_code >= 500}


def test_what_gets_to_the_database_after_all_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last line of defence, for what nobody thought of."""

    def refuse(*args: Any, **kwargs: Any) -> None:
        raise DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes")

    monkeypatch.setattr("oauth.views.authorize.AuthorizeView.get", refuse)
    monkeypatch.setattr("oauth.views.client_configuration.find_registered_client", refuse)
    monkeypatch.setattr(views, "connections_of", refuse)
    browser = Browser(raise_request_exception=False)
    browser.force_login(make_user())

    page = browser.get("/mcp/authorize")
    endpoint = browser.get("/mcp/register/x", headers={"Authorization": "Bearer x"})
    problem = browser.get("/api/connections")

    assert (page.status_code, page["Content-Type"]) == (400, "text/html; charset=utf-8")
    assert b"did not make sense" in page.content
    assert (endpoint.status_code, endpoint.json()["error"]) == (400, "invalid_request")
    assert (problem.status_code, problem.json()["code"]) == (400, "invalid_request")


def test_another_fault_of_the_data_is_a_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*args: Any, **kwargs: Any) -> None:
        raise DataError("value too long for type character varying(3)")

    monkeypatch.setattr("oauth.views.authorize.AuthorizeView.get", crash)

    assert Browser(raise_request_exception=False).get("/mcp/authorize").status_code == 500
