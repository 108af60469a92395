"""The discovery documents (RFC 9728 §3, RFC 8414 §3, OpenID Connect Discovery §4; connectors §1)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import resolve

from oauth.models import Client
from oauth.tests.builders import make_client
from oauth.tests.protocol import authorize_path, decide, read_answer

ISSUER = RESOURCE = "http://localhost:8000/mcp"
DOCUMENTS = ("oauth-protected-resource", "oauth-authorization-server", "openid-configuration")


def forms(document: str) -> list[str]:
    """Every path that a client may ask for the document at."""
    return [f"/.well-known/{document}", f"/.well-known/{document}/mcp", f"/mcp/.well-known/{document}"]


def fetch(browser: Browser, document: str) -> dict[str, Any]:
    """The document at its root form."""
    fields: dict[str, Any] = browser.get(f"/.well-known/{document}").json()
    return fields


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_form_is_the_same_bytes_without_a_redirect(browser: Browser, document: str) -> None:
    responses = [browser.get(path) for path in forms(document)]

    assert [response.status_code for response in responses] == [200, 200, 200]
    assert len({response.content for response in responses}) == 1
    assert {response["Content-Type"] for response in responses} == {"application/json"}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_document_is_built_from_settings_and_not_from_the_request(browser: Browser, document: str) -> None:
    """Forwarded-host spoofing: a proxy, or whoever can make one cache, must not move our endpoints."""
    honest = browser.get(forms(document)[0])

    spoofed = browser.get(
        forms(document)[0],
        SERVER_NAME="127.0.0.1",
        headers={
            "Host": "127.0.0.1:9999",
            "X-Forwarded-Host": "attacker.example",
            "X-Forwarded-Proto": "https",
            "X-Forwarded-Port": "444",
            "Forwarded": "host=attacker.example;proto=https",
        },
    )

    assert spoofed.content == honest.content
    assert b"attacker" not in spoofed.content


PROXIES: dict[str, dict[str, str]] = {
    "adds a slash": {},
    "upper-cases the host": {"Host": "LOCALHOST:8000"},
    "forwards http": {"X-Forwarded-Proto": "http", "X-Forwarded-Port": "80"},
}


@pytest.mark.parametrize("proxy", PROXIES)
@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_proxy_changes_nothing_in_any_form(browser: Browser, document: str, proxy: str) -> None:
    """The same bytes, ETag and CORS headers, to GET, HEAD and OPTIONS."""
    slash = "/" if proxy == "adds a slash" else ""
    origin = {"Origin": "http://localhost:6274"}

    for form in forms(document):
        for ask in (browser.get, browser.head, browser.options):
            direct = ask(form, headers=origin)
            through = ask(form + slash, headers=origin | PROXIES[proxy])
            assert through.status_code == direct.status_code < 300
            assert through.content == direct.content
            assert dict(through.headers) == dict(direct.headers)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_document_follows_the_settings(browser: Browser, settings: Any, document: str) -> None:
    settings.DEXTER_ISSUER = settings.DEXTER_RESOURCE = "https://dexter.example/mcp"

    text = browser.get(forms(document)[0]).content.decode()

    assert "https://dexter.example/mcp" in text
    assert "localhost" not in text


@pytest.mark.parametrize("document", DOCUMENTS)
def test_nothing_is_ever_null_or_empty(browser: Browser, document: str) -> None:
    def values(node: Any) -> Any:
        if isinstance(node, dict):
            return [leaf for value in node.values() for leaf in values(value)]
        return [leaf for value in node for leaf in values(value)] if isinstance(node, list) else [node]

    fields = fetch(browser, document)

    assert fields
    assert None not in values(fields)
    assert not [name for name, value in fields.items() if value in ("", [], {})]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_document_is_kept_for_five_minutes_and_then_asked_for_by_its_etag(browser: Browser, document: str) -> None:
    response = browser.get(forms(document)[0])

    unchanged = browser.get(forms(document)[1], headers={"If-None-Match": response["ETag"]})
    changed = browser.get(forms(document)[1], headers={"If-None-Match": '"other"'})

    assert "public" in response["Cache-Control"]
    assert "max-age=300" in response["Cache-Control"]
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert unchanged["ETag"] == response["ETag"]
    assert unchanged["Access-Control-Allow-Origin"] == "*"
    assert changed.status_code == 200


@pytest.mark.parametrize("document", DOCUMENTS)
def test_head_is_get_without_the_body(browser: Browser, document: str) -> None:
    get, head = browser.get(forms(document)[2]), browser.head(forms(document)[2])

    assert head.status_code == 200
    assert head.content == b""
    assert head["ETag"] == get["ETag"]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_page_of_any_origin_may_read_it(browser: Browser, document: str) -> None:
    """MCP Inspector sends MCP-Protocol-Version, so its browser asks first."""
    asked = {
        "Origin": "http://localhost:6274",
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "mcp-protocol-version",
    }

    preflight = browser.options(forms(document)[0], headers=asked)
    response = browser.get(forms(document)[0], headers={"Origin": "http://localhost:6274"})

    assert preflight.status_code == 204
    assert preflight["Access-Control-Allow-Origin"] == response["Access-Control-Allow-Origin"] == "*"
    assert preflight["Access-Control-Allow-Headers"] == "mcp-protocol-version"
    assert "GET" in preflight["Access-Control-Allow-Methods"]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_other_methods_are_refused_in_json(browser: Browser, document: str) -> None:
    response = browser.post(forms(document)[0])

    assert response.status_code == 405
    assert response["Allow"] == "GET, HEAD, OPTIONS"
    assert response["Content-Type"] == "application/json"


def test_the_protected_resource_names_itself_and_its_one_issuer(browser: Browser) -> None:
    fields = fetch(browser, "oauth-protected-resource")

    assert fields == {
        "resource": RESOURCE,
        "authorization_servers": [ISSUER],
        "scopes_supported": ["identity.read", "link.write"],
        "bearer_methods_supported": ["header"],
        "resource_name": "Dexter",
    }


@pytest.mark.django_db
def test_the_issuer_is_the_same_bytes_everywhere(browser: Browser) -> None:
    resource = fetch(browser, "oauth-protected-resource")
    server, openid = fetch(browser, "oauth-authorization-server"), fetch(browser, "openid-configuration")
    allowed = read_answer(decide(browser, authorize_path(make_client()), "guest"))
    denied = read_answer(decide(browser, authorize_path(make_client()), "deny"))
    refused = read_answer(browser.get(authorize_path(make_client(), response_type="token")))

    issuers = {server["issuer"], openid["issuer"], allowed["iss"], denied["iss"], refused["iss"]}

    assert issuers == set(resource["authorization_servers"]) == {ISSUER}


def test_only_what_is_safe_is_advertised(browser: Browser) -> None:
    """Connectors §3, hole 6."""
    fields = fetch(browser, "oauth-authorization-server")

    assert fields["response_types_supported"] == ["code"]
    assert fields["response_modes_supported"] == ["query"]
    assert fields["grant_types_supported"] == ["authorization_code", "refresh_token"]
    assert fields["code_challenge_methods_supported"] == ["S256"]
    assert fields["client_id_metadata_document_supported"] is True
    assert fields["token_endpoint_auth_methods_supported"] == [
        *("none", "client_secret_basic", "client_secret_post", "private_key_jwt")
    ]
    assert fields["token_endpoint_auth_signing_alg_values_supported"] == ["RS256", "PS256", "ES256", "EdDSA"]
    assert fields["authorization_response_iss_parameter_supported"] is True
    assert "offline_access" in fields["scopes_supported"]
    assert "none" not in fields["introspection_endpoint_auth_methods_supported"]


def test_every_advertised_scope_can_be_granted_and_offline_access_stays_out_of_the_resource(
    browser: Browser, settings: Any
) -> None:
    server, resource = fetch(browser, "oauth-authorization-server"), fetch(browser, "oauth-protected-resource")

    assert server["scopes_supported"] == list(settings.DEXTER_SCOPES)
    assert set(resource["scopes_supported"]) < set(server["scopes_supported"])
    assert "offline_access" not in resource["scopes_supported"]


def test_every_advertised_endpoint_is_ours_and_exists(browser: Browser) -> None:
    fields = fetch(browser, "openid-configuration")

    endpoints = [value for name, value in fields.items() if name.endswith(("_endpoint", "jwks_uri"))]

    assert len(endpoints) == 7
    for endpoint in endpoints:
        assert endpoint.startswith(RESOURCE + "/")
        assert not endpoint.endswith("/")
        assert resolve(endpoint.removeprefix("http://localhost:8000")).app_name == "oauth"


def test_openid_adds_what_it_requires(browser: Browser) -> None:
    server, openid = fetch(browser, "oauth-authorization-server"), fetch(browser, "openid-configuration")

    assert openid.items() >= server.items()
    assert openid["subject_types_supported"] == ["public"]
    assert openid["request_parameter_supported"] is False
    assert openid["request_uri_parameter_supported"] is False
    assert openid["id_token_signing_alg_values_supported"] == ["RS256"]


def test_the_documents_do_without_the_database(browser: Browser) -> None:
    """Without the `django_db` mark a query would fail this test."""
    assert [browser.get(path).status_code for document in DOCUMENTS for path in forms(document)] == [200] * 9


def test_documents_are_json_that_a_person_can_read(browser: Browser) -> None:
    text = browser.get("/.well-known/oauth-authorization-server").content.decode()

    assert json.dumps(json.loads(text), indent=2) == text


def test_auth_methods_are_those_that_a_client_can_have(browser: Browser) -> None:
    fields = fetch(browser, "oauth-authorization-server")

    assert fields["token_endpoint_auth_methods_supported"] == Client.AuthMethod.values
    assert fields["revocation_endpoint_auth_methods_supported"] == Client.AuthMethod.values
