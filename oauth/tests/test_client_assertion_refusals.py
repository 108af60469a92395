"""Proofs of a private key that do not hold (RFC 7523 §3, RFC 8725)."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from django.conf import settings
from django.test import Client as Browser
from jwcrypto.common import base64url_decode, base64url_encode
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS

from accounts.models import AuditEntry
from oauth.models import Grant, UsedAssertion
from oauth.tests.assertions import (
    ASSERTION_TYPE,
    KEY,
    OTHER_KEY,
    REFUSED,
    URL,
    make_key,
    make_signing_client,
    proof,
    reason,
    sign,
    trade,
)
from oauth.tests.builders import make_access_token, make_client, make_grant, make_session
from oauth.tests.protocol import basic, exchange_code, nothing_written, post_form
from oauth.tests.stand_ins import Host

pytestmark = pytest.mark.django_db

NOW = int(time.time())
BAD_CLAIMS: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "https://evil.example/client.json"},
    "no issuer": {"iss": ...},
    "another subject": {"sub": "https://evil.example/client.json"},
    "subject and issuer of another": {"iss": "https://e.example/c", "sub": "https://e.example/c"},
    "no subject": {"sub": ...},
    "a subject that is no string": {"iss": ["a"], "sub": ["a"]},
    "no audience": {"aud": ...},
    "another audience": {"aud": "https://other.example.com/token"},
    "nearly our audience": {"aud": "http://localhost:8000/mcp/token/"},
    "no audience in the list": {"aud": []},
    "another audience too": {"aud": ["http://localhost:8000/mcp", "https://other.example.com"]},
    "an audience that is an object": {"aud": {"0": "http://localhost:8000/mcp"}},
    "no expiry": {"exp": ...},
    "null as expiry": {"exp": None},
    "expired": {"exp": NOW - 120},
    "an hour ahead": {"exp": NOW + 3600},
    "for ever": {"exp": 10**15},
    "beyond any number": {"exp": 10**400},
    "a string as expiry": {"exp": str(NOW + 60)},
    "true as expiry": {"exp": True},
    "issued in the future": {"iat": NOW + 3600},
    "issued after it expired": {"iat": NOW + 70, "exp": NOW + 65},
    "a list as time of issue": {"iat": [NOW]},
    "not yet": {"nbf": NOW + 86400},
    "no jti": {"jti": ...},
    "an empty jti": {"jti": ""},
    "a number as jti": {"jti": 7},
    "a long jti": {"jti": "j" * 256},
}


@pytest.mark.parametrize("claims", BAD_CLAIMS.values(), ids=BAD_CLAIMS)
@pytest.mark.parametrize("must_sign", [True, False], ids=["must sign", "may sign"])
def test_a_bad_claim_is_refused_and_spends_nothing(claims: dict[str, Any], must_sign: bool) -> None:
    client = make_signing_client(must_sign=must_sign)
    _, code = make_grant(make_session(client=client, connected_at=None))
    fields = proof(sign(URL, KEY, **claims))

    with nothing_written(REFUSED):
        response = exchange_code(Browser(), client, code, **fields)

    assert (response.status_code, response.json()["error"]) == (401, "invalid_client")
    assert UsedAssertion.objects.count() == 0
    assert Grant.objects.get().used_at is None


def tampered(assertion: str, **claims: Any) -> str:
    """The assertion with other claims under the old signature."""
    head, payload, signature = assertion.split(".")
    changed = json.loads(base64url_decode(payload)) | claims
    return f"{head}.{base64url_encode(json.dumps(changed))}.{signature}"


def with_header(header: dict[str, Any], signature: str = "AA") -> str:
    """An assertion with good claims, under a header of its own."""
    payload = sign(URL, KEY).split(".")[1]
    return f"{base64url_encode(json.dumps(header))}.{payload}.{signature}"


def signed_with_public_key_as_secret() -> str:
    """The old confusion: HS256 under the bytes of the public RSA key."""
    secret = JWK(kty="oct", k=base64url_encode(KEY.export_to_pem()))
    token = JWS(base64url_decode(sign(URL, KEY).split(".")[1]))
    token.add_signature(secret, alg="HS256", protected=json.dumps({"alg": "HS256", "kid": "k1"}))
    return str(token.serialize(compact=True))


def with_own_key() -> str:
    """Signed with a key that the header itself brings."""
    header = {"kid": "k1", "jwk": OTHER_KEY.export_public(as_dict=True), "jku": "https://evil.example/jwks.json"}
    return sign(URL, OTHER_KEY, header=header)


def critical() -> str:
    """With an extension that has to be understood."""
    token = JWS(base64url_decode(sign(URL, KEY).split(".")[1]))
    token.add_signature(
        KEY, alg="RS256", protected=json.dumps({"alg": "RS256", "kid": "k1", "b64": True, "crit": ["b64"]})
    )
    return str(token.serialize(compact=True))


BAD_ASSERTIONS = {
    "empty parts": "..",
    "two parts": "a.b",
    "five parts": "a.b.c.d.e",
    "no JWT": "hello",
    "JSON": '{"payload": "", "signatures": []}',
    "an array as header": "W10.e30.AA",
    "an array as claims": "e30.W10.AA",
    "bad base64": "a.a.a",
    "not UTF-8": "_v8.e30.AA",
    "alg none": with_header({"alg": "none"}),
    "alg None": with_header({"alg": "None"}),
    "no alg": with_header({"kid": "k1"}),
    "an alg that is a list": with_header({"alg": ["RS256"]}),
    "an alg that is not offered": sign(URL, KEY, alg="RS512"),
    "a kid that is a list": with_header({"alg": "RS256", "kid": ["k1"]}),
    "the public key as a secret": signed_with_public_key_as_secret(),
    "a key of its own": with_own_key(),
    "a critical extension": critical(),
    "another key of the same name": sign(URL, OTHER_KEY, header={"kid": "k1"}),
    "another key without a name": sign(URL, OTHER_KEY, header={"kid": ...}),
    "an EC key of the same name": sign(URL, make_key("k1", "ES256"), alg="ES256"),
    "a signature of something else": tampered(sign(URL, KEY), jti="another"),
    "no signature": with_header({"alg": "RS256", "kid": "k1"}),
    "too long": sign(URL, KEY, padding="x" * 9000),
    "header twice": with_header({}).replace("e30", base64url_encode('{"alg": "RS256", "alg": "none"}')),
}


@pytest.mark.parametrize("assertion", BAD_ASSERTIONS.values(), ids=BAD_ASSERTIONS)
def test_a_bad_assertion_is_refused(host: Host, assertion: str) -> None:
    client = make_signing_client()
    _, code = make_grant(make_session(client=client, connected_at=None))
    before = Grant.objects.values().get()

    response = exchange_code(Browser(), client, code, **proof(assertion))

    assert (response.status_code, response.json()["error"]) == (401, "invalid_client")
    assert Grant.objects.values().get() == before
    assert UsedAssertion.objects.count() == 0
    assert assertion not in str(AuditEntry.objects.values_list("reason", "detail"))


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"client_assertion": "x", "client_assertion_type": None}, "invalid_request"),
        ({"client_assertion": "", "client_assertion_type": ASSERTION_TYPE}, "invalid_request"),
        ({"client_secret": "s"}, "invalid_request"),
        ({"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"}, "invalid_client"),
        ({"client_id": "https://evil.example/client.json"}, "invalid_client"),
        ({"client_id": "dxc_abc"}, "invalid_client"),
    ],
)
def test_half_a_proof_or_two_are_refused(fields: dict[str, str | None], error: str) -> None:
    response = trade(make_signing_client(), **proof(sign(URL, KEY)) | fields)

    assert response.json()["error"] == error


def test_an_assertion_beside_http_basic_is_refused() -> None:
    response = trade(make_signing_client(), headers=basic(URL, "secret"), **proof(sign(URL, KEY)))

    assert response.json()["error"] == "invalid_request"


def test_a_secret_that_was_never_given_out_proves_nothing() -> None:
    client = make_signing_client()

    for secret in ("", "secret", client.client_secret):
        assert trade(client, client_secret=secret).status_code == 401
        assert trade(client, client_id=None, headers=basic(URL, secret)).status_code == 401


@pytest.mark.parametrize(
    "subject", ["dxc_registered", "https://unknown.example/client.json", "https://x/\ud800", "a\x00b"]
)
def test_a_client_without_a_document_has_no_key(subject: str) -> None:
    make_client(client_id="dxc_registered")

    response = trade(make_signing_client(), client_id=None, **proof(sign(subject, KEY)))

    assert (response.status_code, response.json()["error"]) == (401, "invalid_client")


def test_a_client_whose_document_names_no_keys_cannot_sign() -> None:
    client = make_signing_client(must_sign=False, jwks_uri="", keys=[])

    assert trade(client, **proof(sign(URL, KEY))).status_code == 401
    assert reason() == "client_without_keys"


def test_a_client_that_declares_its_algorithm_is_held_to_it() -> None:
    client = make_signing_client(signing_alg="RS256")

    assert trade(client, **proof(sign(URL, KEY, alg="PS256"))).status_code == 401
    assert reason() == "algorithm_not_declared"
    assert trade(client, **proof(sign(URL, KEY))).status_code == 200


def test_introspection_takes_no_assertion() -> None:
    client = make_signing_client()
    client.served_resource = settings.DEXTER_RESOURCE
    client.save()
    _, token = make_access_token()

    fields = {"token": token, "client_id": URL, **proof(sign(URL, KEY))}
    assert post_form(Browser(), "/mcp/introspect", fields).status_code == 401


@pytest.mark.parametrize("header", ["X-Dexter-Proved-Client", "X_DEXTER_PROVED_CLIENT"])
def test_nobody_says_that_a_key_was_proved_but_we(header: str) -> None:
    assert trade(make_signing_client(), headers={header: URL}).status_code == 401
