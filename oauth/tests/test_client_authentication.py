"""How a client proves itself at the token endpoint, and for which grant types (RFC 6749 §2.3, §3.2.1, §5.2)."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

from accounts.tests.builders import make_user
from oauth.models import Client
from oauth.tests.builders import SECRET, make_client, make_confidential_client, make_grant, make_session
from oauth.tests.protocol import (
    assert_json_error,
    basic,
    exchange_code,
    nothing_written,
    post_form,
)

pytestmark = pytest.mark.django_db

REFUSED = "oauth.token.refused"


# --- Clients ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("client_id", [None, "", "dxc_unknown", "x" * 5000, "https://a.example/client.json"])
def test_an_unknown_client_is_401_invalid_client(browser: Browser, client_id: str | None) -> None:
    """Not 400: that is how a connector learns to register again (connectors, rule 7)."""
    _, code = make_grant()

    with nothing_written(REFUSED):
        response = exchange_code(browser, Client(), code, client_id=client_id)

    assert_json_error(response, "invalid_client", 401)


def test_a_blocked_client_is_401_invalid_client(browser: Browser) -> None:
    grant, code = make_grant()
    Client.objects.update(blocked_at=timezone.now())

    with nothing_written(REFUSED):
        response = exchange_code(browser, grant.application, code)

    assert_json_error(response, "invalid_client", 401)


@pytest.mark.parametrize("scheme", ["Basic", "basic", "BASIC"])
def test_a_confidential_client_proves_itself_in_the_header(browser: Browser, scheme: str) -> None:
    grant, code = make_grant(make_session(client=make_confidential_client(), connected_at=None))
    value = basic(grant.application.client_id, SECRET)["Authorization"].replace("Basic", scheme)
    headers = {"Authorization": value}

    response = exchange_code(browser, grant.application, code, client_id=None, headers=headers)

    assert response.status_code == 200


def test_a_confidential_client_proves_itself_in_the_body(browser: Browser) -> None:
    grant, code = make_grant(make_session(client=make_confidential_client(), connected_at=None))

    response = exchange_code(browser, grant.application, code, client_secret=SECRET)

    assert response.status_code == 200


def test_a_generated_secret_costs_one_digest_and_no_password_hashing(settings: Any) -> None:
    """Connectors §3, hole 15."""
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.Argon2PasswordHasher",
        "oauth.hashers.GeneratedSecretHasher",
    ]
    client = make_confidential_client()

    assert client.client_secret == f"generated_secret${hashlib.sha256(SECRET.encode()).hexdigest()}"


@pytest.mark.parametrize("secret", [None, "", "wrong", SECRET + "x", "ä"])
@pytest.mark.parametrize("where", ["header", "body"])
def test_a_wrong_secret_is_401_invalid_client(browser: Browser, secret: str | None, where: str) -> None:
    grant, code = make_grant(make_session(client=make_confidential_client(), connected_at=None))
    client = grant.application

    with nothing_written(REFUSED):
        if where == "header":
            response = exchange_code(browser, client, code, headers=basic(client.client_id, secret or ""))
        else:
            response = exchange_code(browser, client, code, client_secret=secret)

    assert_json_error(response, "invalid_client", 401)
    # A client that tried HTTP Basic is answered in kind (RFC 6749 §5.2).
    assert response["WWW-Authenticate"].startswith("Basic " if where == "header" else "Bearer ")


@pytest.mark.parametrize("secret", ["", "x"])
def test_a_client_whose_secret_is_empty_cannot_prove_itself(browser: Browser, secret: str) -> None:
    client = make_confidential_client(client_secret="")
    Client.objects.update(client_secret="")
    _, code = make_grant(make_session(client=client, connected_at=None))

    with nothing_written(REFUSED):
        response = exchange_code(browser, client, code, headers=basic(client.client_id, secret))

    assert_json_error(response, "invalid_client", 401)


def test_the_stored_digest_is_no_secret(browser: Browser) -> None:
    client = make_confidential_client()
    _, code = make_grant(make_session(client=client, connected_at=None))

    with nothing_written(REFUSED):
        response = exchange_code(browser, client, code, client_secret=client.client_secret)

    assert_json_error(response, "invalid_client", 401)


@pytest.mark.parametrize("where", ["header", "body"])
@pytest.mark.parametrize("stored", ["", "secret"])
def test_a_public_client_that_sends_a_secret_is_refused(browser: Browser, where: str, stored: str) -> None:
    """Even its own: `manage.py createapplication` gives every client one."""
    grant, code = make_grant(make_session(client=make_client(client_secret=stored), connected_at=None))
    client = grant.application

    with nothing_written(REFUSED):
        if where == "header":
            response = exchange_code(browser, client, code, headers=basic(client.client_id, "secret"))
        else:
            response = exchange_code(browser, client, code, client_secret="secret")

    assert_json_error(response, "invalid_client", 401)


def test_credentials_of_one_client_do_not_speak_for_another(browser: Browser) -> None:
    grant, code = make_grant()
    other = make_confidential_client()

    with nothing_written(REFUSED):
        response = exchange_code(browser, grant.application, code, headers=basic(other.client_id, SECRET))

    assert_json_error(response, "invalid_client", 401)


@pytest.mark.parametrize(
    "value",
    ["Basic", "Basic ", "Basic !!!", "Basic \xe4", "Basic /////w==", "Basic AAAA", "Basic eA==", "Basic eAB4OgA="],
)
def test_a_malformed_authorization_header_is_no_outage(browser: Browser, value: str) -> None:
    """Not base64, not ASCII, not UTF-8, without a colon, with a NUL in the client id."""
    _, code = make_grant()

    with nothing_written(REFUSED):
        response = exchange_code(browser, Client(), code, client_id=None, headers={"Authorization": value})

    assert_json_error(response, "invalid_client", 401)


# --- Grant types ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "grant_type",
    [
        "password",
        "implicit",
        "urn:ietf:params:oauth:grant-type:device_code",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "urn:ietf:params:oauth:grant-type:token-exchange",
        "openid",
        "AUTHORIZATION_CODE",
        "x" * 1000,
    ],
)
@pytest.mark.parametrize("device_code", [None, "x"])
def test_grant_types_that_are_not_offered_are_refused(
    browser: Browser, grant_type: str, device_code: str | None
) -> None:
    make_user("ada@example.com", "correct-horse-battery")
    client = make_confidential_client()
    fields = {
        "grant_type": grant_type,
        "client_id": client.client_id,
        "client_secret": SECRET,
        "username": "ada@example.com",
        "password": "correct-horse-battery",
        "device_code": device_code,
        "scope": "identity.read",
    }

    with nothing_written(REFUSED):
        response = post_form(browser, "/mcp/token", fields)

    assert_json_error(response, "unsupported_grant_type")


@pytest.mark.parametrize("where", ["header", "body"])
def test_the_device_grant_does_not_let_a_public_client_pass_for_a_confidential_one(
    browser: Browser, where: str
) -> None:
    """Connectors §3, hole 5: upstream takes any public client id for proof when the body says device_code."""
    grant, code = make_grant()
    client_id = grant.application.client_id
    fields = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("code", code),
        ("client_id", client_id),
        *([("client_secret", "x")] if where == "body" else []),
    ]

    with nothing_written(REFUSED):
        response = post_form(
            browser, "/mcp/token", fields, headers=basic(client_id, "x") if where == "header" else None
        )

    assert_json_error(response, "unsupported_grant_type")


@pytest.mark.parametrize("grant_type", [None, ""])
def test_a_missing_grant_type_is_refused(browser: Browser, grant_type: str | None) -> None:
    grant, code = make_grant()

    with nothing_written(REFUSED):
        response = exchange_code(browser, grant.application, code, grant_type=grant_type)

    assert_json_error(response, "invalid_request")
