"""Whatever is sent to the API, in whatever form: a problem (RFC 9457), and nothing is written."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client as Browser

from accounts.models import User
from linking.api import views
from linking.tests.calling import ROUTES, WITH_BODY, assert_problem, send, written

pytestmark = pytest.mark.django_db


BAD_BODIES: list[Any] = [
    b"",
    b"[]",
    b"null",
    b'"AAA-AAA"',
    b"[" * 20_000,
    b'{"code":' * 5_000,
    b'{"code": NaN}',
    b'{"code": "\x00"}',
    b'{"code": "\\u0000"}',
    b'{"code": "\\ud800"}',
    b'{"code": "\xff"}',
    b'{"code": {"a": 1}, "preview_id": [], "link_id": {}}',
    b'{"code": "' + b"A" * 10_000 + b'", "preview_id": "\\ud800", "link_id": "\\u0000"}',
    b'{"link_id": ' + b"9" * 5_000 + b"}",
]


@pytest.mark.parametrize("path", WITH_BODY)
@pytest.mark.parametrize("body", BAD_BODIES, ids=range(len(BAD_BODIES)))
@pytest.mark.parametrize("charset", ["", "; charset=utf-16", "; charset=zlib"])
def test_a_body_that_cannot_be_read_is_400(browser: Browser, path: str, body: bytes, charset: str) -> None:
    before = written()

    # Not `post`, which would encode the body in the charset that it only claims to have.
    response = browser.generic("POST", path, body, content_type=f"application/json{charset}")

    assert_problem(response, 400, "invalid_request")
    assert written() == before


@pytest.mark.parametrize("path", WITH_BODY)
def test_a_megabyte_is_413(browser: Browser, path: str) -> None:
    assert_problem(send(browser, path, {"code": "A" * 1_000_000}), 413, "too_large")


@pytest.mark.parametrize("path", WITH_BODY)
@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/json"]
)
def test_a_body_that_is_not_json_is_415(browser: Browser, path: str, content_type: str) -> None:
    assert_problem(browser.post(path, b"code=AAA-AAA", content_type=content_type), 415, "unsupported_media_type")


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/nothing", "/api/link/status/", "/api/connections/x"])
def test_an_unknown_address_is_a_problem_and_never_a_redirect(browser: Browser, path: str) -> None:
    assert_problem(browser.get(path), 404, "not_found")


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_other_methods_are_405_for_everybody(method: str, path: str) -> None:
    response = Browser().put(path)

    assert_problem(response, 405, "method_not_allowed")
    assert method.upper() in response["Allow"]


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_no_other_origin_may_call(browser: Browser, method: str, path: str) -> None:
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": method.upper()}

    response = browser.options(path, headers=asked)

    assert (response.status_code, response["Cache-Control"]) == (204, "no-store")
    assert not [name for name in response.headers if name.lower().startswith("access-control")]


def test_head_is_get_without_a_body_and_nothing_is_kept(browser: Browser) -> None:
    for path in ("/api/link/status", "/api/connections"):
        assert (browser.head(path).status_code, browser.head(path).content) == (200, b"")
        assert "no-store" in browser.get(path)["Cache-Control"]


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [(OperationalError("away"), 503, "temporarily_unavailable"), (ZeroDivisionError(), 500, "server_error")],
)
def test_outages_and_crashes_are_problems(
    browser: Browser, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, code: str
) -> None:
    def fail(account: User) -> None:
        raise error

    monkeypatch.setattr(views, "connections_of", fail)

    response = browser.get("/api/connections")

    problem = assert_problem(response, status, code)
    assert "away" not in problem["detail"].split()[:1]
    assert ("Retry-After" in response) == (status == 503)
