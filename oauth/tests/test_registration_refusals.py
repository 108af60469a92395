"""What registration makes of names, redirects and hostile bodies (RFC 7591 §3.2.2, §5; connectors, rule 1)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.conf import settings as project
from django.test import Client as Browser
from django.utils import translation

from oauth.metadata_fields import MAX_NAME_LENGTH, MAX_REDIRECT_URIS
from oauth.tests.builders import REDIRECT_URI
from oauth.tests.protocol import nothing_written, post_registration, register

pytestmark = pytest.mark.django_db

REFUSED = "oauth.registration.refused"


# --- Names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("  Two \u2003 words\u2028here ", "Two words here"),
        ("\u202eTPGtahC\u202c", "TPGtahC"),
        ("Zero\u200bwidth\u2060\ufeff", "Zerowidth"),
        ("Blank\u3164\u2800\u115f letters", "Blank letters"),
        ("x" * 300, "x" * MAX_NAME_LENGTH),
        ("Ассистент", "Ассистент"),
        ("助手 Assistant", "助手 Assistant"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("https://evil.example/login", "https: evil·example/login"),
        ("Claude (www.claude.ai)", "Claude (www·claude·ai)"),
        ("help@evil.example", "help@evil·example"),
        (
            "evil\u3002example evil\uff0eexample 1and1.example 3.example",
            "evil·example " * 2 + "1and1·example 3·example",
        ),
        ("https:\u200b//evil\u200b.example", "https: evil·example"),
        ("Bot 2.0, by Example Inc. (beta)", "Bot 2.0, by Example Inc. (beta)"),
        # As Vietnamese stacks them; and as nobody does who means to be read.
        ("Tro\u031b\u0323 ly\u0301", "Tro\u031b\u0323 ly\u0301"),
        ("C" + "\u0338" * 70 + "laude", "C\u0338\u0338laude"),
        ("Yard\u0131mc\u0131", "Yard\u0131mc\u0131"),
    ],
)
def test_a_name_is_kept_as_one_visible_line(browser: Browser, sent: str, kept: str) -> None:
    response = register(browser, client_name=sent)

    assert response.json()["client_name"] == kept


def test_a_name_of_nothing_visible_is_no_name(browser: Browser) -> None:
    response = register(browser, client_name="\u200b\u3164 \u202e")

    assert response.status_code == 201
    assert "client_name" not in response.json()


@pytest.mark.parametrize(
    "name",
    [
        "Dexter",
        "the DEXTER assistant",
        "D e x t e r",
        "D.e-x_t/e·r",
        "Ｄｅｘｔｅｒ",  # noqa: RUF001
        "𝕯𝖊𝖝𝖙𝖊𝖗",  # noqa: RUF001
        "Déxtêr",
        "De\u0301xter",
        "Dex\u200bter",
        "Dex\u3164ter",
        "Dехter",  # noqa: RUF001
        "Officiaⅼ Helper",  # noqa: RUF001
        "Official Claude",
        "ＯＦＦＩＣＩＡＬ",  # noqa: RUF001
        "Verified by Claude",
        "ve-ri-fied",
        "0fficial",
        "ver\u0131fied",
        "\u1d0fff\u026ac\u026aal",
        "\u1d05\u1d07x\u1d1b\u1d07\u0280 Login",
        "Claude (verifiziert)",
        "Claude, offiziell",
        "Claude · gepru\u0308ft: claude.ai",
    ],
)
def test_a_name_that_borrows_trust_is_refused(browser: Browser, name: str) -> None:
    with nothing_written(REFUSED):
        response = register(browser, client_name=name)

    assert response.status_code == 400
    assert response.json()["error"] == "invalid_client_metadata"


@pytest.mark.parametrize("language", [language for language, _ in project.LANGUAGES])
def test_no_name_looks_like_the_badge_of_a_proven_host_in_any_language(browser: Browser, language: str) -> None:
    with translation.override(language):
        badge = translation.gettext("verified: %(host)s") % {"host": "claude.ai"}

    response = register(browser, client_name=f"Claude {badge}")

    assert response.status_code == 400
    assert language == "en" or "verified" not in badge


def test_the_name_that_staff_gave_the_site_is_protected(browser: Browser, settings: Any) -> None:
    settings.DEXTER_SITE_NAME = "Acme Bank"

    with nothing_written(REFUSED):
        response = register(browser, client_name="ACME-BANK helper")

    assert response.status_code == 400


# --- Redirects --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "redirect_uri",
    [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "java\tscript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:x",
        "file:///etc/passwd",
        "blob:https://a.example/x",
        "ftp://a.example/",
        "http://a.example/callback",
        "http://localhost.a.example/callback",
        "http://127.0.0.1@a.example/",
        "https://a.example/#fragment",
        "https://a.example/#",
        "https://user@a.example/",
        "https://user:password@a.example/",
        "https://a.example/call back",
        "https://a.example/\n",
        " https://a.example/",
        "https://a.example\\@b.example/",
        "https://a%2eexample/",
        "https://ä.example/",
        "https://a.example/?code=mine",
        "https://a.example/?iss=mine",
        "https://a.example/\ud800",
        "https://a.example/\x00",
        "https:///path",
        "//a.example/",
        "/callback",
        "unknownapp://callback",
        "cursor:",
        "",
        None,
        7,
        ["https://a.example/"],
        {"uri": "https://a.example/"},
        "https://a.example/" + "x" * 2000,
    ],
)
def test_a_bad_redirect_is_refused_by_its_name(browser: Browser, redirect_uri: Any) -> None:
    with nothing_written(REFUSED):
        response = register(browser, redirect_uris=[REDIRECT_URI, redirect_uri])

    assert response.status_code == 400
    assert response.json()["error"] == "invalid_redirect_uri"


@pytest.mark.parametrize(
    "redirect_uris",
    [None, [], "https://a.example/", {}, [f"https://a.example/{number}" for number in range(MAX_REDIRECT_URIS + 1)]],
)
def test_redirects_must_be_a_list_of_a_few(browser: Browser, redirect_uris: Any) -> None:
    with nothing_written(REFUSED):
        response = register(browser, redirect_uris=redirect_uris)

    assert response.status_code == 400
    assert response.json()["error"] == "invalid_redirect_uri"


# --- Hostile bodies ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        b'["redirect_uris"]',
        b'"text"',
        b"null",
        b"7",
        b"\xff\xfe\xfd",
        b'{"redirect_uris": ["https://a.example/"]',
        b'{"redirect_uris": ["https://a.example/"], "redirect_uris": ["https://b.example/"]}',
        b'{"redirect_uris": ["https://a.example/"], "x": {"y": 1, "y": 2}}',
        b"[" * 30_000,
        b'{"x":' * 10_000,
        b'{"x": ' + b"9" * 5000 + b"}",
    ],
    ids=lambda body: body[:40].decode(errors="replace"),
)
def test_a_body_that_is_no_json_object_is_refused(browser: Browser, body: bytes) -> None:
    with nothing_written(REFUSED):
        response = post_registration(browser, body)

    assert response.status_code == 400
    assert response.json()["error"] == "invalid_client_metadata"


@pytest.mark.parametrize("size", [64 * 1024 + 1, 1024 * 1024])
def test_a_body_over_64_kib_is_refused_unread(browser: Browser, size: int) -> None:
    with nothing_written():
        response = post_registration(browser, json.dumps({"redirect_uris": [REDIRECT_URI], "x": ""}).ljust(size))

    assert response.status_code == 413
    assert response.json()["error"] == "invalid_request"
    assert "65536" in response.json()["error_description"]


def test_a_body_of_64_kib_is_read(browser: Browser) -> None:
    response = post_registration(browser, json.dumps({"redirect_uris": [REDIRECT_URI]}).ljust(64 * 1024))

    assert response.status_code == 201


@pytest.mark.parametrize("field", ["client_name", "client_uri", "scope", "software_id", "software_version"])
@pytest.mark.parametrize("value", [7, True, ["x"], {"x": 1}, "x\x00y", "x\ud800y", "x\x1by", "x" * 5000])
def test_a_text_field_that_is_no_text_is_refused(browser: Browser, field: str, value: Any) -> None:
    with nothing_written(REFUSED):
        response = register(browser, **{field: value})

    assert response.status_code == 400
    assert response.json()["error"] == "invalid_client_metadata"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("grant_types", "authorization_code"),
        ("grant_types", {}),
        ("grant_types", []),
        ("grant_types", ["refresh_token"]),
        ("grant_types", ["client_credentials"]),
        ("grant_types", [["authorization_code"]]),
        ("response_types", "code"),
        ("response_types", []),
        ("response_types", ["token"]),
        ("response_types", [None]),
        ("token_endpoint_auth_method", ["none"]),
        ("token_endpoint_auth_method", 0),
    ],
)
def test_a_field_that_cannot_be_coerced_is_refused(browser: Browser, field: str, value: Any) -> None:
    with nothing_written(REFUSED):
        response = register(browser, **{field: value})

    assert response.status_code == 400
    assert response.json()["error"] == "invalid_client_metadata"


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_another_content_type_is_refused(browser: Browser, content_type: str) -> None:
    with nothing_written(REFUSED):
        response = post_registration(browser, json.dumps({"redirect_uris": [REDIRECT_URI]}), content_type)

    assert response.status_code == 400
    assert response.json()["error"] == "invalid_client_metadata"


def test_a_content_type_may_name_its_charset(browser: Browser) -> None:
    response = post_registration(
        browser, json.dumps({"redirect_uris": [REDIRECT_URI]}), "application/json; charset=utf-8"
    )

    assert response.status_code == 201


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE"])
def test_only_post_is_answered_and_in_json(browser: Browser, method: str) -> None:
    with nothing_written():
        response = browser.generic(method, "/mcp/register")

    assert response.status_code == 405
    assert response["Allow"] == "POST, OPTIONS"
    assert response["Content-Type"] == "application/json"


def test_a_page_of_any_origin_may_register(browser: Browser) -> None:
    asked = {"Access-Control-Request-Headers": "content-type,mcp-protocol-version", "Origin": "http://localhost:6274"}

    preflight = browser.options("/mcp/register", headers=asked)
    response = register(browser)

    assert preflight.status_code == 204
    assert preflight["Access-Control-Allow-Origin"] == "*"
    assert preflight["Access-Control-Allow-Methods"] == "POST, OPTIONS"
    assert preflight["Access-Control-Allow-Headers"] == "content-type,mcp-protocol-version"
    assert response["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in response
