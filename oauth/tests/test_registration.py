"""Dynamic client registration (RFC 7591), with the bodies that real connectors send."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from django.test import Client as Browser

from accounts.models import AuditEntry
from oauth.models import Client
from oauth.tests.builders import REDIRECT_URI
from oauth.tests.protocol import authorize_path, post_registration, register
from oauth.tests.zoo import DEVICE_CODE, REGISTRATIONS

pytestmark = pytest.mark.django_db

REFUSED = "oauth.registration.refused"


@pytest.mark.parametrize("name", REGISTRATIONS)
def test_every_connector_is_registered_and_reads_what_was_kept(browser: Browser, name: str) -> None:
    body = REGISTRATIONS[name]

    response = post_registration(browser, json.dumps(body))

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


@pytest.mark.parametrize("name", REGISTRATIONS)
def test_every_registered_redirect_is_accepted_at_authorization(browser: Browser, name: str) -> None:
    client = Client.objects.get(
        client_id=post_registration(browser, json.dumps(REGISTRATIONS[name])).json()["client_id"]
    )

    for redirect_uri in REGISTRATIONS[name]["redirect_uris"]:
        response = browser.get(authorize_path(client, redirect_uri=redirect_uri))

        assert response.status_code == 200, redirect_uri


def test_a_registration_is_stored_and_audited(browser: Browser) -> None:
    response = post_registration(browser, json.dumps(REGISTRATIONS["mcp-remote"]))

    client = Client.objects.get(client_id=response.json()["client_id"])
    assert client.registration_source == Client.RegistrationSource.DCR
    assert client.client_type == Client.CLIENT_PUBLIC
    assert client.grant_types == ["authorization_code", "refresh_token"]
    assert client.software_version == "0.1.29"
    assert client.verified_host is None
    entry = AuditEntry.objects.get()
    assert entry.action == "oauth.client.registered"
    assert entry.client_id == client.client_id
    assert entry.detail["redirect_hosts"] == ["localhost:3334"]


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
    response = post_registration(browser, json.dumps({"redirect_uris": [REDIRECT_URI]}))

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
