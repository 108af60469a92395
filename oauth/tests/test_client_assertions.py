"""Clients that prove a private key at the token endpoint (RFC 7523 §3, OpenID Connect Core §9)."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client as Browser
from django.utils import timezone
from jwcrypto.common import base64url_decode

from oauth.models import Client, RefreshToken, UsedAssertion
from oauth.services import sweep_oauth
from oauth.tests.assertions import (
    KEY,
    OTHER_KEY,
    URL,
    key_set,
    make_key,
    make_signing_client,
    proof,
    reason,
    sign,
    trade,
)
from oauth.tests.builders import make_grant, make_refresh_token, make_session
from oauth.tests.protocol import exchange_code, post_form, refresh

pytestmark = pytest.mark.django_db


# --- Good ones --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("alg", ["RS256", "PS256", "ES256", "EdDSA"])
def test_an_assertion_of_each_offered_algorithm_holds(alg: str) -> None:
    key = make_key(f"key of {alg}", alg)
    client = make_signing_client(keys=key_set(key)["keys"])

    response = trade(client, **proof(sign(URL, key, alg=alg)))

    assert response.status_code == 200, response.content
    assert response.json()["access_token"].startswith("dxa_")


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": ["{token}"]},
        {"aud": "{issuer}"},
        {"aud": ["{issuer}", "{token}"]},
        {"iat": ...},
        {"nbf": 0},
        # Seconds from when the test runs, which may be long after it was collected.
        {"exp": lambda now: now + 200.5},
        {"exp": lambda now: int(now) + 330},
        {"jti": "ü" * 255},
        {"extra": {"nested": [1]}},
    ],
)
def test_an_assertion_may_be_worded_in_several_ways(claims: dict[str, Any]) -> None:
    ours = {"token": f"{settings.DEXTER_RESOURCE}/token", "issuer": settings.DEXTER_ISSUER}
    if isinstance(claims.get("aud"), str):
        claims = claims | {"aud": claims["aud"].format(**ours)}
    elif "aud" in claims:
        claims = claims | {"aud": [one.format(**ours) for one in claims["aud"]]}

    now = time.time()
    said = {name: value(now) if callable(value) else value for name, value in claims.items()}

    assert trade(make_signing_client(), **proof(sign(URL, KEY, **said))).status_code == 200


@pytest.mark.parametrize("header", [{"kid": ...}, {"typ": ...}, {"typ": "client-authentication+jwt"}])
def test_a_header_may_leave_things_out(header: dict[str, Any]) -> None:
    client = make_signing_client(keys=key_set(OTHER_KEY, KEY)["keys"])

    assert trade(client, **proof(sign(URL, KEY, header=header))).status_code == 200


def test_the_client_id_may_be_in_the_assertion_only() -> None:
    assert trade(make_signing_client(), client_id=None, **proof(sign(URL, KEY))).status_code == 200


def test_a_client_that_may_do_without_is_not_asked_and_still_checked() -> None:
    client = make_signing_client(must_sign=False)

    assert trade(client).status_code == 200
    assert trade(client, **proof(sign(URL, KEY))).status_code == 200
    assert trade(client, **proof(sign(URL, OTHER_KEY, header={"kid": "k1"}))).status_code == 401


def test_a_refresh_and_a_revocation_are_proved_too() -> None:
    client = make_signing_client()
    session = make_session(client=client)
    _, refresh_token = make_refresh_token(session)
    browser = Browser()

    assert refresh(browser, client, refresh_token).json()["error"] == "invalid_client"
    answer = refresh(browser, client, refresh_token, **proof(sign(URL, KEY)))
    assert answer.status_code == 200
    token = {"token": answer.json()["access_token"], "client_id": URL}
    assert post_form(browser, "/mcp/revoke", token).status_code == 401
    session.refresh_from_db()
    assert session.ended_at is None
    assert post_form(browser, "/mcp/revoke", token | proof(sign(URL, KEY))).status_code == 200
    session.refresh_from_db()
    assert session.end_reason == "client"


def test_another_clients_code_is_not_for_whoever_proves_a_key() -> None:
    make_signing_client()
    _, code = make_grant()

    response = exchange_code(Browser(), Client(client_id=URL), code, **proof(sign(URL, KEY)))

    assert response.json()["error"] == "invalid_grant"


# --- Once -------------------------------------------------------------------------------------------------------------


def test_an_assertion_works_once() -> None:
    client = make_signing_client()
    fields = proof(sign(URL, KEY))

    assert trade(client, **fields).status_code == 200
    assert trade(client, **fields).status_code == 401
    assert reason() == "replayed"


def test_an_assertion_stays_spent_when_its_request_is_refused() -> None:
    client = make_signing_client()
    fields = proof(sign(URL, KEY))

    assert exchange_code(Browser(), client, "dxg_unknown", **fields).json()["error"] == "invalid_grant"
    assert trade(client, **fields).json()["error"] == "invalid_client"
    assert RefreshToken.objects.count() == 0


def test_an_assertion_is_spent_for_all_endpoints_and_spellings() -> None:
    client = make_signing_client()
    assertion = sign(URL, KEY)
    assert trade(client, **proof(assertion)).status_code == 200

    revocation = {"token": "dxa_x", "client_id": URL, **proof(assertion)}
    assert post_form(Browser(), "/mcp/revoke", revocation).status_code == 401
    # The same jti in an assertion that was signed anew.
    jti = json.loads(base64url_decode(assertion.split(".")[1]))["jti"]
    assert trade(client, **proof(sign(URL, KEY, jti=jti))).status_code == 401
    assert trade(client, **proof(sign(URL, KEY, jti=f"{jti} "))).status_code == 200


def test_a_spent_assertion_is_remembered_until_nobody_would_take_it_any_more() -> None:
    client = make_signing_client()
    fields = proof(sign(URL, KEY))
    trade(client, **fields)

    assert sweep_oauth()["used_assertions"] == 0
    row = UsedAssertion.objects.get()
    assert timedelta(minutes=5) < row.expires_at - timezone.now() <= timedelta(minutes=6)
    assert fields["client_assertion"] not in row.digest

    UsedAssertion.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert sweep_oauth()["used_assertions"] == 1
