"""Dynamic client registration (RFC 7591), with the bodies that real connectors send."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from django.test import Client as Browser

from accounts.models import AuditEntry
from oauth.models import Client
from oauth.registration import MAX_NAME_LENGTH, MAX_REDIRECT_URIS
from oauth.tests.builders import REDIRECT_URI
from oauth.tests.protocol import authorize_path, nothing_written

pytestmark = pytest.mark.django_db

REFUSED = "oauth.registration.refused"
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"

# What each connector sends (connectors §1).
CONNECTORS: dict[str, dict[str, Any]] = {
    "claude": {
        "client_name": "Claude",
        "redirect_uris": ["https://claude.ai/api/mcp/auth_callback"],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
        "scope": "identity.read link.write offline_access",
    },
    "claude code": {
        "client_name": "Claude Code (example)",
        "redirect_uris": ["http://localhost/callback", "http://127.0.0.1/callback"],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
    },
    "chatgpt": {
        "client_name": "ChatGPT",
        "redirect_uris": ["https://chatgpt.com/connector_platform_oauth_redirect"],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
    },
    "cursor": {
        "client_name": "Cursor",
        "redirect_uris": [
            "cursor://anysphere.cursor-mcp/oauth/callback",
            "https://www.cursor.com/agents/mcp/oauth/callback",
            "http://localhost:8787/callback",
        ],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
    },
    "vs code": {
        "client_name": "Visual Studio Code",
        "client_uri": "https://code.visualstudio.com",
        "redirect_uris": [
            "https://insiders.vscode.dev/redirect",
            "https://vscode.dev/redirect",
            "http://127.0.0.1/",
            "http://127.0.0.1:33418/",
        ],
        "grant_types": ["authorization_code", "refresh_token", DEVICE_CODE],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
        "application_type": "native",
    },
    "inspector": {
        "client_name": "MCP Inspector",
        "client_uri": "https://github.com/modelcontextprotocol/inspector",
        "redirect_uris": ["http://localhost:6274/oauth/callback"],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
        "scope": "",
    },
    "mcp-remote": {
        "client_name": "MCP CLI Proxy",
        "client_uri": "https://github.com/modelcontextprotocol/mcp-cli",
        "redirect_uris": ["http://localhost:3334/oauth/callback"],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
        "software_id": "2e6dc280-f3c3-4e01-99a7-8181dbd1d23d",
        "software_version": "0.1.29",
    },
}


def register(browser: Browser, **metadata: Any) -> Any:
    """Register a public client with one loopback redirect, unless `metadata` says otherwise."""
    defaults = {"redirect_uris": [REDIRECT_URI], "token_endpoint_auth_method": "none"}
    return post(browser, json.dumps(defaults | metadata))


def post(browser: Browser, body: str | bytes, content_type: str = "application/json") -> Any:
    """Send any body to the registration endpoint."""
    return browser.post("/mcp/register", body, content_type=content_type)


@pytest.mark.parametrize("name", CONNECTORS)
def test_every_connector_is_registered_and_reads_what_was_kept(browser: Browser, name: str) -> None:
    body = CONNECTORS[name]

    response = post(browser, json.dumps(body))

    answer = response.json()
    assert response.status_code == 201
    assert response["Cache-Control"] == "no-store"
    assert answer["redirect_uris"] == body["redirect_uris"]
    assert answer["client_name"] == body["client_name"]
    assert answer["grant_types"] == ["authorization_code", "refresh_token"]
    assert answer["response_types"] == ["code"]
    assert answer["token_endpoint_auth_method"] == "none"
    assert isinstance(answer["client_id_issued_at"], int)
    assert "client_secret" not in answer
    assert "client_secret_expires_at" not in answer
    assert None not in answer.values()


@pytest.mark.parametrize("name", CONNECTORS)
def test_every_registered_redirect_is_accepted_at_authorization(browser: Browser, name: str) -> None:
    client = Client.objects.get(client_id=post(browser, json.dumps(CONNECTORS[name])).json()["client_id"])

    for redirect_uri in CONNECTORS[name]["redirect_uris"]:
        response = browser.get(authorize_path(client, redirect_uri=redirect_uri))

        assert response.status_code == 200, redirect_uri


def test_a_registration_is_stored_and_audited(browser: Browser) -> None:
    response = post(browser, json.dumps(CONNECTORS["mcp-remote"]))

    client = Client.objects.get(client_id=response.json()["client_id"])
    assert client.registration_source == Client.RegistrationSource.DCR
    assert client.client_type == Client.CLIENT_PUBLIC
    assert client.grant_types == ["authorization_code", "refresh_token"]
    assert client.software_version == "0.1.29"
    assert client.verified_host is None
    entry = AuditEntry.objects.get()
    assert entry.action == "oauth.client.registered"
    assert entry.client_id == client.client_id
    assert entry.detail == {"redirect_hosts": ["localhost:3334"]}


def test_two_registrations_of_one_body_are_two_clients(browser: Browser) -> None:
    first, second = register(browser).json(), register(browser).json()

    assert first["client_id"] != second["client_id"]


# --- Coercion (connectors, rule 1) ------------------------------------------------------------------------------------


def test_grant_types_that_are_not_offered_are_left_out(browser: Browser) -> None:
    asked = ["authorization_code", "implicit", "password", "client_credentials", DEVICE_CODE]

    response = register(browser, grant_types=asked)

    assert response.status_code == 201
    assert response.json()["grant_types"] == ["authorization_code"]


def test_an_auth_method_that_is_not_offered_becomes_none(browser: Browser) -> None:
    response = register(browser, token_endpoint_auth_method="private_key_jwt")

    assert response.status_code == 201
    assert response.json()["token_endpoint_auth_method"] == "none"
    assert "client_secret" not in response.json()


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_a_confidential_client_gets_a_secret_that_is_stored_as_a_digest_only(browser: Browser, method: str) -> None:
    answer = register(browser, token_endpoint_auth_method=method).json()

    secret = answer["client_secret"]
    client = Client.objects.get(client_id=answer["client_id"])
    assert answer["token_endpoint_auth_method"] == method
    assert answer["client_secret_expires_at"] == 0
    assert len(secret) >= 43
    assert client.is_confidential
    assert client.client_secret == f"generated_secret${hashlib.sha256(secret.encode()).hexdigest()}"
    stored = json.dumps([*Client.objects.values(), *AuditEntry.objects.values()], default=str)
    assert secret not in stored


def test_without_an_auth_method_the_rfcs_default_holds(browser: Browser) -> None:
    response = post(browser, json.dumps({"redirect_uris": [REDIRECT_URI]}))

    assert response.json()["token_endpoint_auth_method"] == "client_secret_basic"
    assert response.json()["client_secret_expires_at"] == 0


def test_unknown_scopes_are_dropped_and_none_means_the_default_set(browser: Browser, settings: Any) -> None:
    some = register(browser, scope="email admin:everything identity.read").json()["scope"]
    none = register(browser).json()["scope"]

    assert some == "email identity.read"
    assert none.split() == settings.DEXTER_DEFAULT_SCOPES


def test_nulls_count_as_absent_and_never_come_back(browser: Browser) -> None:
    optional = ("client_name", "client_uri", "grant_types", "response_types", "scope", "software_id", "logo_uri")

    response = register(browser, **dict.fromkeys(optional))

    assert response.status_code == 201
    assert b"null" not in response.content


def test_unknown_fields_are_ignored(browser: Browser) -> None:
    response = register(browser, jwks={"keys": []}, contacts=["a@example.com"], x=[[[]]])

    assert response.status_code == 201
    assert not {"jwks", "contacts", "x"} & response.json().keys()


def test_redirects_come_back_verbatim(browser: Browser) -> None:
    redirect_uris = ["https://a.example/Cb?x=%2F&y", "HTTP://LocalHost:80/", "cursor:///deep"]

    response = register(browser, redirect_uris=redirect_uris)

    assert response.json()["redirect_uris"] == redirect_uris


def test_a_client_uri_that_is_no_https_url_is_dropped(browser: Browser) -> None:
    for client_uri in ("javascript:alert(1)", "http://a.example", "https://user@a.example", "not a url"):
        response = register(browser, client_uri=client_uri)

        assert response.status_code == 201
        assert "client_uri" not in response.json()


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
    ],
)
def test_a_name_that_borrows_trust_is_refused(browser: Browser, name: str) -> None:
    with nothing_written(REFUSED):
        response = register(browser, client_name=name)

    assert response.status_code == 400
    assert response.json()["error"] == "invalid_client_metadata"


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
        response = post(browser, body)

    assert response.status_code == 400
    assert response.json()["error"] == "invalid_client_metadata"


@pytest.mark.parametrize("size", [64 * 1024 + 1, 1024 * 1024])
def test_a_body_over_64_kib_is_refused_unread(browser: Browser, size: int) -> None:
    with nothing_written():
        response = post(browser, json.dumps({"redirect_uris": [REDIRECT_URI], "x": ""}).ljust(size))

    assert response.status_code == 413
    assert response.json()["error"] == "invalid_request"
    assert "65536" in response.json()["error_description"]


def test_a_body_of_64_kib_is_read(browser: Browser) -> None:
    response = post(browser, json.dumps({"redirect_uris": [REDIRECT_URI]}).ljust(64 * 1024))

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
        response = post(browser, json.dumps({"redirect_uris": [REDIRECT_URI]}), content_type)

    assert response.status_code == 400
    assert response.json()["error"] == "invalid_client_metadata"


def test_a_content_type_may_name_its_charset(browser: Browser) -> None:
    response = post(browser, json.dumps({"redirect_uris": [REDIRECT_URI]}), "application/json; charset=utf-8")

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
