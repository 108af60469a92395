"""ID tokens and the keys that sign them (OpenID Connect Core §2, §3.1.3.7; RFC 7517 §5)."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone
from jwcrypto.common import JWException
from jwcrypto.jwk import JWK, JWKSet
from jwcrypto.jwt import JWT

from accounts.tests.builders import make_user
from oauth.keys import current_signing_key, published_keys
from oauth.models import IDToken, SigningKey
from oauth.tests.builders import make_grant, make_refresh_token, make_session
from oauth.tests.protocol import exchange_code, refresh

pytestmark = pytest.mark.django_db

ISSUER = "http://localhost:8000/mcp"


def exchange(browser: Browser, scope: str = "openid", **grant_fields: Any) -> tuple[str, dict[str, Any]]:
    """Trade a code of Ada's for tokens; gives the client id and the answer."""
    person = make_user("ada@example.com", display_name="Ada")
    grant, code = make_grant(make_session(person, scope=scope, connected_at=None), **grant_fields)
    response = exchange_code(browser, grant.application, code)
    assert response.status_code == 200
    return grant.application.client_id, response.json()


def verified_claims(browser: Browser, id_token: str) -> dict[str, Any]:
    """The claims of an ID token, checked against the published keys as a client does."""
    keys = JWKSet.from_json(browser.get("/mcp/jwks.json").content.decode())
    claims: dict[str, Any] = json.loads(JWT(jwt=id_token, key=keys, algs=["RS256"]).claims)
    return claims


def test_an_id_token_verifies_against_the_published_keys(browser: Browser) -> None:
    client_id, answer = exchange(browser, nonce="n-1")

    claims = verified_claims(browser, answer["id_token"])

    row = IDToken.objects.get()
    assert claims["iss"] == ISSUER
    assert claims["aud"] == client_id
    assert claims["sub"] == row.user.subject
    assert claims["nonce"] == "n-1"
    assert claims["iat"] <= time.time() < claims["exp"] <= time.time() + 3600
    assert claims["jti"] == str(row.jti)


def test_it_is_bound_to_the_access_token(browser: Browser) -> None:
    """OpenID Connect Core §3.1.3.6 `at_hash`."""
    _, answer = exchange(browser)

    claims = verified_claims(browser, answer["id_token"])

    half = hashlib.sha256(answer["access_token"].encode()).digest()[:16]
    assert claims["at_hash"] == base64.urlsafe_b64encode(half).rstrip(b"=").decode()


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ("openid", {}),
        ("openid profile", {"name": "Ada", "nickname": "Ada"}),
        ("openid email", {"email": "ada@example.com", "email_verified": True}),
    ],
)
def test_claims_about_the_person_need_their_scope(browser: Browser, scope: str, expected: dict[str, Any]) -> None:
    _, answer = exchange(browser, scope)

    claims = verified_claims(browser, answer["id_token"])

    personal = {"name", "nickname", "email", "email_verified", "preferred_username"}
    assert {name: value for name, value in claims.items() if name in personal} == expected


def test_without_a_nonce_there_is_none(browser: Browser) -> None:
    _, answer = exchange(browser)

    assert "nonce" not in verified_claims(browser, answer["id_token"])


@pytest.mark.parametrize("scope", ["identity.read", "profile email"])
def test_without_openid_there_is_no_id_token(browser: Browser, scope: str) -> None:
    _, answer = exchange(browser, scope)

    assert "id_token" not in answer
    assert not IDToken.objects.exists()


def test_a_refreshed_id_token_verifies_too(browser: Browser) -> None:
    row, token = make_refresh_token(make_session(scope="openid"))

    answer = refresh(browser, row.application, token).json()

    assert verified_claims(browser, answer["id_token"])["sub"] == row.user.subject


def test_it_says_when_the_person_signed_in_for_this_consent(browser: Browser) -> None:
    """OpenID Connect Core §2 `auth_time`; a sign-in of another browser since then changes nothing."""
    signed_in_at = timezone.now() - timedelta(hours=3)
    person = make_user(last_login=timezone.now())
    session = make_session(person, scope="openid", connected_at=None, authenticated_at=signed_in_at)
    grant, code = make_grant(session)

    answer = exchange_code(browser, grant.application, code).json()
    row, token = make_refresh_token(session)
    refreshed = refresh(browser, row.application, token).json()

    for each in (answer, refreshed):
        assert verified_claims(browser, each["id_token"])["auth_time"] == int(signed_in_at.timestamp())


def test_a_guest_has_never_signed_in(browser: Browser) -> None:
    grant, code = make_grant(make_session(scope="openid", connected_at=None))

    answer = exchange_code(browser, grant.application, code).json()

    assert "auth_time" not in verified_claims(browser, answer["id_token"])


def test_a_changed_id_token_does_not_verify(browser: Browser) -> None:
    _, answer = exchange(browser)
    header, payload, signature = answer["id_token"].split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    forged = base64.urlsafe_b64encode(json.dumps(claims | {"sub": "user:mallory"}).encode()).rstrip(b"=").decode()

    with pytest.raises(JWException):
        verified_claims(browser, f"{header}.{forged}.{signature}")


# --- Keys -------------------------------------------------------------------------------------------------------------


def test_a_key_is_made_once_and_used_on(browser: Browser) -> None:
    first = current_signing_key().thumbprint()

    assert current_signing_key().thumbprint() == first
    assert SigningKey.objects.get().key_id == first


def test_the_private_half_is_encrypted_at_rest(settings: Any) -> None:
    key = current_signing_key()

    stored = bytes(SigningKey.objects.get().encrypted_pem)
    private = json.loads(key.export_private())
    assert b"PRIVATE KEY" not in stored
    assert b"PRIVATE KEY" not in base64.urlsafe_b64decode(stored)
    assert private["d"].encode() not in stored


def test_only_the_public_half_is_published(browser: Browser) -> None:
    response = browser.get("/mcp/jwks.json")

    (key,) = response.json()["keys"]
    assert key.keys() == {"kty", "n", "e", "alg", "use", "kid"}
    assert (key["kty"], key["alg"], key["use"]) == ("RSA", "RS256", "sig")
    assert not JWK(**key).has_private
    assert response["Access-Control-Allow-Origin"] == "*"
    assert "max-age=300" in response["Cache-Control"]


def test_a_retired_key_signs_no_more_and_still_verifies(browser: Browser) -> None:
    _, answer = exchange(browser)
    retired = current_signing_key().thumbprint()
    SigningKey.objects.update(retired_at=timezone.now())

    successor = current_signing_key().thumbprint()

    assert successor != retired
    assert {key["kid"] for key in published_keys()} == {retired, successor}
    assert verified_claims(browser, answer["id_token"])


def test_after_the_servers_key_changed_a_new_key_is_made(settings: Any) -> None:
    """The old one cannot be read any more; sign-in must not stop for that."""
    old = current_signing_key().thumbprint()
    settings.SECRET_KEY = "another " * 10

    new = current_signing_key().thumbprint()

    assert new != old
    assert [key["kid"] for key in published_keys()] == [new]
