"""The holes of django-oauth-toolkit 3.4.1 (connectors §3), each shown on the library as it comes and closed on ours.

When a test fails on what the library does, an upgrade closed the hole, and an override of ours can go. Holes 11 to 14
are the MCP SDK's: see `mcp_bridge/tests/test_holes.py`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from django.conf import settings
from django.test import Client as Browser
from oauth2_provider import cimd
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauth2_provider.settings import DEFAULTS
from oauthlib.common import Request

from oauth.document_metadata import DocumentMetadata
from oauth.models import AccessToken
from oauth.tests import stock as stock_program
from oauth.tests.builders import make_client, make_confidential_client, make_refresh_token
from oauth.tests.protocol import authorize_path, basic, decide, post_form, post_registration, read_answer, refresh
from oauth.tests.zoo import DOCUMENTS
from oauth.validator import DexterValidator

pytestmark = pytest.mark.django_db

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
INSPECTOR = {"Origin": "http://localhost:6274"}


@pytest.fixture(scope="module")
def stock() -> dict[str, Any]:
    """What the library answered, on a site of its own."""
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    command = [sys.executable, "-W", "ignore", "-m", "oauth.tests.stock"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    answers: dict[str, Any] = json.loads(done.stdout)
    return answers


@pytest.mark.parametrize("name", ["ChatGPT", "ChatGPT, per connector", "Claude", "VS Code"])
def test_hole_1_documents_of_vendors_are_refused(name: str) -> None:
    document = DOCUMENTS[name]

    with pytest.raises(cimd.CIMDError):
        cimd._build_application_kwargs(document)
    DocumentMetadata.from_json(json.dumps(document).encode(), url=document["client_id"])


@pytest.mark.parametrize("connector", ["VS_CODE", "CURSOR"])
def test_hole_2_registrations_of_connectors_are_refused(
    browser: Browser, stock: dict[str, Any], connector: str
) -> None:
    ours = post_registration(browser, json.dumps(getattr(stock_program, connector)))

    assert stock[connector.lower()]["status"] == 400
    assert ours.status_code == 201


def test_hole_2_the_answer_lacks_what_it_must_have(browser: Browser, stock: dict[str, Any]) -> None:
    ours = post_registration(browser, json.dumps(stock_program.CONFIDENTIAL)).json()

    required = {"client_id_issued_at", "client_secret_expires_at", "response_types"}
    assert stock["confidential"]["status"] == 201
    assert required.isdisjoint(stock["confidential"]["body"])
    assert required <= set(ours)


def test_hole_2_a_bad_redirect_has_the_wrong_code(browser: Browser, stock: dict[str, Any]) -> None:
    ours = post_registration(browser, json.dumps({"redirect_uris": ["javascript:alert(1)"]}))

    assert stock["javascript"]["body"]["error"] == "invalid_client_metadata"
    assert ours.json()["error"] == "invalid_redirect_uri"


def test_hole_3_the_second_of_two_refreshes_crashes(browser: Browser, stock: dict[str, Any]) -> None:
    row, token = make_refresh_token()

    ours = [refresh(browser, row.application, token).status_code for _ in range(2)]

    assert (stock["first_refresh"], stock["second_refresh"]) == (200, "DoesNotExist")
    assert ours == [200, 200]


def test_hole_4_a_denial_and_an_error_have_no_issuer(browser: Browser, stock: dict[str, Any]) -> None:
    client = make_client()

    denied = read_answer(decide(browser, authorize_path(client), "deny"))
    refused = read_answer(browser.get(authorize_path(client, prompt="none")))

    assert stock["granted"]["iss"]
    assert "iss" not in stock["denied"]
    assert "iss" not in stock["unknown_scope"]
    assert denied["iss"] == refused["iss"] == settings.DEXTER_ISSUER


def test_hole_5_introspection_opens_to_a_public_client(browser: Browser, stock: dict[str, Any]) -> None:
    form = {"client_id": make_client(client_secret="secret").client_id, "token": "x", "grant_type": DEVICE}

    ours = post_form(browser, "/mcp/introspect", form)

    assert stock["introspection"] == [403, 200]
    assert ours.status_code == 401


@pytest.mark.parametrize("where", ["header", "body"])
def test_hole_5_the_validator_takes_a_public_client_id_for_proof(where: str) -> None:
    client = make_client(client_secret="secret")
    body = [("grant_type", DEVICE), ("client_id", client.client_id)]
    authorization = basic(client.client_id, "anything")["Authorization"]
    headers = {"HTTP_AUTHORIZATION": authorization} if where == "header" else {}

    def request() -> Request:
        return Request("http://localhost/mcp/token", "POST", body, headers)

    assert OAuth2Validator().authenticate_client(request())
    assert not DexterValidator().authenticate_client(request())


def test_hole_6_the_metadata_advertises_what_nobody_should_use(browser: Browser, stock: dict[str, Any]) -> None:
    theirs, ours = stock["metadata"], browser.get("/.well-known/oauth-authorization-server").json()

    unsafe = {"implicit", "password", "client_credentials"}
    assert unsafe <= set(theirs["grant_types_supported"])
    assert unsafe.isdisjoint(ours["grant_types_supported"])
    assert ("plain" in theirs["code_challenge_methods_supported"], "token" in theirs["response_types_supported"]) == (
        True,
        True,
    )
    assert (ours["code_challenge_methods_supported"], ours["response_types_supported"]) == (["S256"], ["code"])
    assert "none" not in theirs["token_endpoint_auth_methods_supported"]
    assert "none" in ours["token_endpoint_auth_methods_supported"]


def test_hole_7_a_page_of_another_origin_may_neither_register_nor_trade(
    browser: Browser, stock: dict[str, Any]
) -> None:
    ours = [browser.options(path, headers=INSPECTOR) for path in ("/mcp/register", "/mcp/token")]

    assert stock["cors"] == ["", ""]
    assert [answer["Access-Control-Allow-Origin"] for answer in ours] == ["*", "*"]


def test_hole_8_an_unknown_scope_ends_the_connection(browser: Browser, stock: dict[str, Any]) -> None:
    ours = browser.get(authorize_path(make_client(), scope="identity.read unknown"))

    assert stock["unknown_scope"]["error"] == "invalid_scope"
    assert ours.status_code == 200


@pytest.mark.parametrize("scope", ["openid", "identity.read"])
def test_hole_9_a_silent_request_crashes(browser: Browser, stock: dict[str, Any], scope: str) -> None:
    ours = browser.get(authorize_path(make_client(), scope=scope, prompt="none"))

    assert stock["silent"] == "NotImplementedError"
    assert read_answer(ours)["error"] == "login_required"


def test_hole_10_tokens_live_long_and_lie_in_the_open() -> None:
    assert DEFAULTS["ACCESS_TOKEN_EXPIRE_SECONDS"] == 36000
    assert DEFAULTS["REFRESH_TOKEN_EXPIRE_SECONDS"] is None
    gates = [name for name in DEFAULTS if name.startswith("COMPLIANT_BCP_RFC9700_")]
    assert not any(DEFAULTS[name] for name in gates)

    # Private schemes are what desktop assistants register (RFC 8252 §7.1): that check of a setting stays off.
    assert {name for name in gates if not settings.OAUTH2_PROVIDER.get(name)} == {
        "COMPLIANT_BCP_RFC9700_REDIRECT_URI_SCHEME"
    }
    assert settings.OAUTH2_PROVIDER["ACCESS_TOKEN_EXPIRE_SECONDS"] == 3600
    row, token = make_refresh_token()
    assert token not in str(type(row)._default_manager.filter(pk=row.pk).values())
    assert not AccessToken._meta.get_field("token").unique


def test_hole_15_a_secret_goes_through_the_password_hasher(stock: dict[str, Any]) -> None:
    assert stock["hashed_with"] == "pbkdf2_sha256"
    assert make_confidential_client().client_secret.startswith("generated_secret$")
