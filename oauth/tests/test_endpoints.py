"""What the protocol endpoints have in common, seen at the token endpoint (RFC 6749 §3.2, §5.2; RFC 6750 §5.3)."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import pytest
from django.core.handlers.asgi import ASGIRequest
from django.db import OperationalError, connection
from django.http import HttpRequest
from django.test import Client as Browser

from oauth.models import AccessToken
from oauth.tests.builders import REDIRECT_URI, make_grant
from oauth.tests.protocol import (
    FORM,
    assert_json_error,
    exchange_code,
    nothing_written,
    post_form,
)
from oauth.views.token import token

pytestmark = pytest.mark.django_db

REFUSED = "oauth.token.refused"
RESOURCE = "http://localhost:8000/mcp"


# --- Bodies -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "multipart/form-data; boundary=x", ""])
def test_a_body_that_is_no_form_is_refused(browser: Browser, content_type: str) -> None:
    grant, code = make_grant()
    body = json.dumps({"grant_type": "authorization_code", "code": code, "client_id": grant.application.client_id})

    with nothing_written(REFUSED):
        response = browser.post("/mcp/token", body, content_type=content_type)

    assert_json_error(response, "invalid_request")


@pytest.mark.parametrize(
    "name", ["grant_type", "code", "client_id", "client_secret", "redirect_uri", "code_verifier", "refresh_token", "x"]
)
def test_a_repeated_parameter_is_refused(browser: Browser, name: str) -> None:
    """RFC 6749 §3.2."""
    grant, code = make_grant()
    fields = {
        "grant_type": "authorization_code",
        "code": code,
        "client_id": grant.application.client_id,
        "redirect_uri": REDIRECT_URI,
    }
    repeated = [*fields.items(), (name, fields.get(name, "1")), (name, "2")]

    with nothing_written(REFUSED):
        response = post_form(browser, "/mcp/token", repeated)

    assert_json_error(response, "invalid_request")


def test_resource_may_be_repeated_and_each_must_be_ours(browser: Browser) -> None:
    """RFC 8707 §2."""
    grant, code = make_grant()
    fields = {
        "grant_type": "authorization_code",
        "code": code,
        "client_id": grant.application.client_id,
        "redirect_uri": REDIRECT_URI,
        "code_verifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        "resource": RESOURCE,
    }

    with nothing_written(REFUSED):
        other = post_form(browser, "/mcp/token", [("resource", "https://other.example"), *fields.items()])
    ours = post_form(browser, "/mcp/token", [("resource", RESOURCE + "/"), *fields.items()])

    assert_json_error(other, "invalid_target")
    assert ours.status_code == 200
    assert AccessToken.objects.get().resource == [RESOURCE]


@pytest.mark.parametrize("query", ["grant_type=authorization_code", "x", "%zz", "code=x&client_id=y"])
def test_parameters_in_the_url_are_refused(browser: Browser, query: str) -> None:
    """They would end up in logs."""
    grant, code = make_grant()
    fields = {"grant_type": "authorization_code", "code": code, "client_id": grant.application.client_id}

    with nothing_written(REFUSED):
        response = post_form(browser, f"/mcp/token?{query}", fields)

    assert_json_error(response, "invalid_request")


@pytest.mark.parametrize("name", ["grant_type", "code", "client_id", "refresh_token", "redirect_uri", "a\x00b"])
def test_a_nul_is_refused(browser: Browser, name: str) -> None:
    fields = {"grant_type": "authorization_code", "client_id": "x", name: "a\x00b"}

    with nothing_written(REFUSED):
        response = post_form(browser, "/mcp/token", fields)

    assert_json_error(response, "invalid_request")


@pytest.mark.parametrize("size", [64 * 1024 + 1, 3 * 1024 * 1024])
def test_a_body_over_64_kib_is_refused_unread(browser: Browser, size: int) -> None:
    with nothing_written():
        response = post_form(browser, "/mcp/token", {"grant_type": "x" * size})

    assert_json_error(response, "invalid_request", 413)


def test_a_chunked_body_over_64_kib_is_refused_as_well(settings: Any) -> None:
    """It has no Content-Length to look at."""
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
    headers = [(b"content-type", FORM.encode()), (b"transfer-encoding", b"chunked")]
    scope = {"type": "http", "method": "POST", "path": "/mcp/token", "query_string": b"", "headers": headers}
    request = ASGIRequest(scope, BytesIO(b"grant_type=" + b"x" * 64 * 1024))

    with nothing_written():
        response = token(request)

    assert response.status_code == 413


@pytest.mark.parametrize("length", ["junk", "1e9"])
def test_a_content_length_that_is_no_number_is_no_outage(browser: Browser, length: str) -> None:
    with nothing_written():
        response = post_form(browser, "/mcp/token", {"grant_type": "password"}, CONTENT_LENGTH=length)

    assert_json_error(response, "invalid_request")


def test_a_form_of_another_charset_is_refused(browser: Browser) -> None:
    content_type = "application/x-www-form-urlencoded; charset=utf-16"

    with nothing_written():
        response = browser.post("/mcp/token", b"grant_type=x", content_type=content_type)

    assert_json_error(response, "invalid_request")


@pytest.mark.parametrize("path", ["/mcp/token", "/mcp/revoke", "/mcp/introspect", "/api/connector/oauth/token"])
@pytest.mark.parametrize(
    "content_type", ["multipart/form-data; boundary=", f"multipart/form-data; boundary={'x' * 300}"]
)
def test_a_multipart_body_that_cannot_be_read_is_no_crash(browser: Browser, path: str, content_type: str) -> None:
    with nothing_written():
        response = browser.post(path, b"grant_type=x", content_type=content_type)

    assert_json_error(response, "invalid_request")


def test_a_form_with_thousands_of_fields_is_refused(browser: Browser) -> None:
    with nothing_written():
        response = post_form(browser, "/mcp/token", [("x", "")] * 2000)

    assert_json_error(response, "invalid_request")


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_only_post_is_answered_and_in_json(browser: Browser, method: str) -> None:
    with nothing_written():
        response = browser.generic(method, "/mcp/token")

    assert response.status_code == 405
    assert response["Allow"] == "POST, OPTIONS"
    assert response["Content-Type"] == "application/json"


def test_a_page_of_any_origin_may_trade_its_code(browser: Browser) -> None:
    """MCP Inspector runs in a browser (connectors §3, hole 7)."""
    grant, code = make_grant()
    asked = {"Origin": "http://localhost:6274", "Access-Control-Request-Headers": "authorization"}

    preflight = browser.options("/mcp/token", headers=asked)
    response = exchange_code(browser, grant.application, code, headers={"Origin": "http://localhost:6274"})
    refused = exchange_code(browser, grant.application, code, headers={"Origin": "http://localhost:6274"})

    assert preflight.status_code == 204
    assert preflight["Access-Control-Allow-Headers"] == "authorization"
    for answer in (preflight, response, refused):
        assert answer["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in answer


# --- Outages ----------------------------------------------------------------------------------------------------------


def test_a_database_that_is_away_is_503_and_never_invalid_client(browser: Browser) -> None:
    def broken(*args: Any) -> None:
        raise OperationalError("server closed the connection unexpectedly")

    grant, code = make_grant()

    with connection.execute_wrapper(broken):
        response = exchange_code(browser, grant.application, code)

    assert_json_error(response, "temporarily_unavailable", 503)
    assert int(response["Retry-After"]) > 0
    assert exchange_code(browser, grant.application, code).status_code == 200


def test_a_crash_is_500_in_json(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(request: HttpRequest, *, reason: str) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("oauth.views.token._audit_refusal", crash)

    response = post_form(browser, "/mcp/token", {"grant_type": "password"})

    answer = assert_json_error(response, "server_error", 500)
    assert "secret detail" not in answer["error_description"]
