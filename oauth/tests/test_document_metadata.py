"""What a metadata document may say (draft-ietf-oauth-client-id-metadata-document §4, connectors rule 3)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jwcrypto.jwk import JWK

from oauth.document_metadata import DocumentMetadata
from oauth.errors import RegistrationError
from oauth.tests.zoo import DOCUMENTS

URL = "https://app.example.com/client.json"
PUBLIC_KEY = JWK.generate(kty="EC", crv="P-256", kid="k1").export_public(as_dict=True)


def document(**fields: Any) -> dict[str, Any]:
    """A good document; a field that is ... is left out."""
    good = {"client_id": URL, "client_name": "Example", "redirect_uris": ["https://app.example.com/callback"]}
    return {name: value for name, value in (good | fields).items() if value is not ...}


def read(**fields: Any) -> DocumentMetadata:
    """What is kept of such a document."""
    return DocumentMetadata.from_json(json.dumps(document(**fields)).encode(), url=URL)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_vendors_document_is_accepted(name: str) -> None:
    published = DOCUMENTS[name]

    metadata = DocumentMetadata.from_json(json.dumps(published).encode(), url=published["client_id"])

    assert list(metadata.redirect_uris) == published["redirect_uris"]
    assert metadata.client_name == published["client_name"]
    assert metadata.grant_types == ("authorization_code", "refresh_token")


def test_a_document_without_more_than_a_redirect_is_a_public_client() -> None:
    metadata = read(client_name=...)

    assert metadata.client_name == ""
    assert metadata.auth_methods == {"none"}
    assert metadata.grant_types == ("authorization_code", "refresh_token")


@pytest.mark.parametrize(
    "client_id", [..., None, "", f"{URL}/", URL.upper(), "https://app.example.com:443/client.json", [URL]]
)
def test_a_document_names_its_own_url_byte_for_byte(client_id: Any) -> None:
    with pytest.raises(RegistrationError):
        read(client_id=client_id)


# --- Redirects, grants, name: the rules of registration ---------------------------------------------------------------


@pytest.mark.parametrize(
    "redirect_uris",
    [
        ...,
        [],
        "https://app.example.com/callback",
        {"0": "https://app.example.com/callback"},
        [1],
        [None],
        [["https://app.example.com/callback"]],
        ["http://app.example.com/callback"],
        ["javascript:alert(1)"],
        ["data:text/html,x"],
        ["https://app.example.com/callback#x"],
        ["https://user@app.example.com/callback"],
        ["https://app.example.com/call back"],
        ["https://app.example.com/callback", "javascript:alert(1)"],
        ["https://app.example.com/callback"] * 21,
    ],
)
def test_a_redirect_that_may_not_be_registered_is_refused(redirect_uris: Any) -> None:
    with pytest.raises(RegistrationError):
        read(redirect_uris=redirect_uris)


def test_grants_are_those_that_both_sides_know() -> None:
    unknown = "urn:ietf:params:oauth:grant-type:device_code"

    assert read(grant_types=[unknown, "authorization_code", "implicit"]).grant_types == ("authorization_code",)
    assert read(grant_types=["refresh_token", "authorization_code"]).grant_types == (
        "authorization_code",
        "refresh_token",
    )
    for grant_types in ([unknown], ["refresh_token"], [], "authorization_code", [["authorization_code"]]):
        with pytest.raises(RegistrationError):
            read(grant_types=grant_types)


@pytest.mark.parametrize("response_types", [["token"], [], "code", [None]])
def test_a_document_that_wants_no_code_is_refused(response_types: Any) -> None:
    with pytest.raises(RegistrationError):
        read(response_types=response_types)


@pytest.mark.parametrize(
    "name",
    [
        "Dexter",
        "D\u200bexter Connect",
        "\uff24\uff25\uff38\uff34\uff25\uff32",
        "d\u0435xter",
        "Verified Assistant",
        "official",
        "a\x00b",
        "line\nbreak",
        "\ud800",
        ["Example"],
        {"en": "Example"},
        7,
        "x" * 2001,
    ],
)
def test_a_name_that_claims_to_be_ours_or_checked_is_refused(name: Any) -> None:
    with pytest.raises(RegistrationError):
        read(client_name=name)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("\u202egnp.exe\u202c", "gnp·exe"),
        ("https://evil.example", "https: evil·example"),
        ("  A   lot\u00a0of\u3000space ", "A lot of space"),
        ("\u30a2\u30b7\u30b9\u30bf\u30f3\u30c8", "\u30a2\u30b7\u30b9\u30bf\u30f3\u30c8"),
        ("\u041f\u043e\u043c\u043e\u0449\u043d\u0438\u043a", "\u041f\u043e\u043c\u043e\u0449\u043d\u0438\u043a"),
        ("\u0645\u0633\u0627\u0639\u062f", "\u0645\u0633\u0627\u0639\u062f"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("x" * 200, "x" * 80),
    ],
)
def test_a_name_is_cleaned_and_otherwise_kept_in_any_script(name: str, kept: str) -> None:
    assert read(client_name=name).client_name == kept


def test_a_scope_is_ignored() -> None:
    for scope in ("admin everything", ["a"], 7, {"a": 1}):
        read(scope=scope)


# --- Authentication ---------------------------------------------------------------------------------------------------

KEYS = {"jwks": {"keys": [PUBLIC_KEY]}}


@pytest.mark.parametrize(
    ("fields", "methods"),
    [
        ({"token_endpoint_auth_method": "none"}, {"none"}),
        ({"token_endpoint_auth_method": "private_key_jwt", **KEYS}, {"private_key_jwt"}),
        ({"token_endpoint_auth_methods_supported": ["private_key_jwt"], **KEYS}, {"private_key_jwt"}),
        ({"token_endpoint_auth_methods_supported": ["none", "private_key_jwt"], **KEYS}, {"none", "private_key_jwt"}),
        (
            {
                "token_endpoint_auth_method": "private_key_jwt",
                "token_endpoint_auth_methods_supported": ["none", "private_key_jwt"],
                **KEYS,
            },
            {"none", "private_key_jwt"},
        ),
        ({"token_endpoint_auth_methods_supported": ["none", "client_secret_basic", "tls_client_auth"]}, {"none"}),
        # Somebody who says that they sign, but not with what, can still do without.
        ({"token_endpoint_auth_methods_supported": ["none", "private_key_jwt"]}, {"none"}),
        (
            {
                "token_endpoint_auth_methods_supported": ["none", "private_key_jwt"],
                "token_endpoint_auth_signing_alg": "ES512",
                **KEYS,
            },
            {"none"},
        ),
    ],
)
def test_the_way_to_authenticate_is_what_both_sides_can_do(fields: dict[str, Any], methods: set[str]) -> None:
    metadata = read(**fields)

    assert metadata.auth_methods == methods
    assert metadata.must_authenticate is ("none" not in methods)
    assert bool(metadata.keys) is ("private_key_jwt" in methods)


@pytest.mark.parametrize(
    "fields",
    [
        {"token_endpoint_auth_method": "client_secret_basic"},
        {"token_endpoint_auth_method": "client_secret_post"},
        {"token_endpoint_auth_method": "client_secret_jwt", **KEYS},
        {"token_endpoint_auth_method": "private_key_jwt"},
        {"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": []}},
        {"token_endpoint_auth_method": "private_key_jwt", "token_endpoint_auth_signing_alg": "none", **KEYS},
        {"token_endpoint_auth_method": "private_key_jwt", "token_endpoint_auth_signing_alg": "HS256", **KEYS},
        {"token_endpoint_auth_method": ["none"]},
        {"token_endpoint_auth_methods_supported": "none"},
        {"token_endpoint_auth_methods_supported": [["none"]]},
        {"token_endpoint_auth_methods_supported": {"none": True}},
        {"client_secret": "s"},
        {"client_secret": None},
        {"client_secret_expires_at": 0},
        {"jwks_uri": "https://app.example.com/jwks.json", **KEYS},
        {"jwks_uri": "http://app.example.com/jwks.json"},
        {"jwks_uri": "https://127.0.0.1/jwks.json"},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": ["https://app.example.com/jwks.json"]},
        {"jwks": [PUBLIC_KEY]},
        {"jwks": {"keys": {"0": PUBLIC_KEY}}},
        {"jwks": {"keys": ["k"]}},
        {"jwks": {"keys": [PUBLIC_KEY] * 21}},
        {"jwks": {"keys": [JWK.generate(kty="EC", crv="P-256").export_private(as_dict=True)]}},
        {"jwks": {"keys": [JWK.generate(kty="oct", size=256).export(as_dict=True)]}},
    ],
)
def test_secrets_and_what_nobody_can_check_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(RegistrationError):
        read(**fields)


# --- JSON -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"7",
        b"{",
        b"[" * 16000,
        b'{"a":' * 3000,
        b'{"a":' * 3000 + b"1" + b"}" * 3000,
        b"9" * 16000,
        b'{"client_id": 1e999999}',
        b"\xff\xfe\x00",
        b'{"client_id": "\xff"}',
        b"<html></html>",
    ],
)
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(RegistrationError):
        DocumentMetadata.from_json(body, url=URL)


def test_a_field_that_comes_twice_is_refused() -> None:
    body = json.dumps(document())
    twice = body[:-1] + ', "redirect_uris": ["https://evil.example/callback"]}'

    with pytest.raises(RegistrationError):
        DocumentMetadata.from_json(twice.encode(), url=URL)


def test_unknown_fields_are_ignored_however_deep() -> None:
    nested: Any = 1
    for _ in range(100):
        nested = [nested, {"a": nested}] if len(json.dumps(nested)) < 4000 else [nested]

    assert read(x_custom=nested, logo_uri="javascript:alert(1)", contacts=[1, 2]).client_name == "Example"
