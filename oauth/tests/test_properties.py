"""Whatever is sent: no crash, no null, and what was accepted once is accepted again (RFC 7591, RFC 8252, RFC 8707)."""

from __future__ import annotations

import json
import string
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from django.conf import settings
from django.test import Client as Browser
from hypothesis import assume, given
from hypothesis import strategies as st

from oauth.models import Client
from oauth.redirects import answer_uri, is_acceptable_redirect_uri, redirect_uri_matches
from oauth.resources import canonical_resources, is_canonical_resource
from oauth.scopes import clamp_scopes
from oauth.tests.builders import make_client
from oauth.tests.protocol import FORM, authorize_path, post_registration
from oauth.tests.strategies import (
    BOUNDED,
    json_values,
    redirect_uris,
    registrations,
    scopes,
    sendable,
    uris,
    words,
)

PRIVATE_SCHEMES = ("cursor", "vscode", "claude")
PARAMETERS = [
    *(
        "response_type",
        "client_id",
        "redirect_uri",
        "scope",
        "state",
        "resource",
        "nonce",
        "prompt",
        "max_age",
        "claims",
    ),
    *("code_challenge", "code_challenge_method", "request", "request_uri", "response_mode", "approval_prompt"),
]
FIELDS = [
    *("grant_type", "code", "client_id", "client_secret", "redirect_uri", "code_verifier", "refresh_token", "scope"),
    *("resource", "token", "token_type_hint", "client_assertion", "client_assertion_type", "assertion"),
]
FIELD_VALUES = st.one_of(
    st.sampled_from(["authorization_code", "refresh_token", "client_credentials", "dxr_x", "dxa_x", "none"]),
    st.sampled_from(["urn:ietf:params:oauth:grant-type:device_code", "eyJhbGciOiJub25lIn0.e30.", "a.b.c"]),
    st.sampled_from(["urn:ietf:params:oauth:client-assertion-type:jwt-bearer", "https://app.example.com/x"]),
    sendable,
)
RESOURCES = st.one_of(
    st.builds(
        "{}{}".format,
        st.sampled_from(["http://localhost:8000/mcp", "HTTP://LOCALHOST:8000/mcp", "http://a@localhost:8000/mcp", ""]),
        st.sampled_from(["", "/", "//", "/x", "?", "?a=b", "#", " ", ":", "@"]),
    ),
    uris,
    sendable,
)


def assert_answered_in_json(response: Any) -> Any:
    """An answer of the protocol: no crash, a body that is JSON, and no null in it."""
    assert response.status_code < 500, response.content
    answer = response.json()
    assert_no_null(answer)
    if response.status_code >= 400:
        assert answer["error"]
    return answer


def assert_no_null(value: Any) -> None:
    """Some connectors crash on a null, however deep."""
    assert value is not None
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        assert_no_null(inner)


# --- Registration (RFC 7591) ------------------------------------------------------------------------------------------


@pytest.mark.django_db
@BOUNDED
@given(body=registrations)
def test_what_registers_reads_back_the_same_and_its_redirects_are_accepted_at_authorization(
    body: dict[str, Any],
) -> None:
    browser = Browser()

    response = post_registration(browser, json.dumps(body))

    answer = assert_answered_in_json(response)
    assert response.status_code in (201, 400)
    if response.status_code == 400:
        return
    assert answer["redirect_uris"] == list(dict.fromkeys(body["redirect_uris"]))
    token = answer.pop("registration_access_token")
    assert answer.pop("client_secret_expires_at", 0) == 0
    answer.pop("client_secret", None)
    path, headers = urlsplit(answer["registration_client_uri"]).path, {"Authorization": f"Bearer {token}"}
    assert assert_answered_in_json(browser.get(path, headers=headers)) == answer
    again = browser.put(path, json.dumps(answer), content_type="application/json", headers=headers)
    assert assert_answered_in_json(again) == answer
    for redirect_uri in answer["redirect_uris"]:
        query = {"client_id": answer["client_id"], "redirect_uri": redirect_uri}
        assert browser.get(authorize_path(Client(client_id=answer["client_id"]), **query)).status_code == 200, (
            redirect_uri
        )


@pytest.mark.django_db
@BOUNDED
@given(body=st.one_of(st.binary(max_size=200), json_values.map(lambda value: json.dumps(value).encode())))
def test_a_registration_body_of_any_bytes_is_answered(body: bytes) -> None:
    assert_answered_in_json(post_registration(Browser(), body))


@pytest.mark.django_db
@BOUNDED
@given(client_id=words, authorization=words, body=json_values)
def test_a_configuration_request_for_anybody_is_answered(client_id: str, authorization: str, body: Any) -> None:
    assume("\ud800" not in client_id + authorization)
    path = f"/mcp/register/{urlencode({'': client_id})[1:]}"
    assume(client_id and "/" not in client_id)

    response = Browser().put(
        path, json.dumps(body), content_type="application/json", headers={"Authorization": f"Bearer {authorization}"}
    )

    assert response.status_code == 401
    assert_answered_in_json(response)


# --- Authorization and token ------------------------------------------------------------------------------------------


@pytest.mark.django_db
@BOUNDED
@given(
    likely=st.booleans(),
    sent=st.dictionaries(st.sampled_from(PARAMETERS), st.one_of(redirect_uris, scopes, FIELD_VALUES), max_size=6),
)
def test_an_authorization_request_is_answered_by_a_page_or_by_its_own_redirect(
    likely: bool, sent: dict[str, str]
) -> None:
    assume("\ud800" not in "".join(sent.values()))
    client = make_client()
    query = dict(sent)
    path = authorize_path(client, **query) if likely else f"/mcp/authorize?{urlencode(query)}"

    response = Browser().get(path)

    assert response.status_code in (200, 302, 400)
    if response.status_code == 302:
        assert response["Location"].startswith(client.redirect_uris)
        assert urlencode({"iss": settings.DEXTER_ISSUER}) in response["Location"]
    else:
        assert response["Content-Type"].startswith("text/html")


@pytest.mark.django_db
@BOUNDED
@given(
    path=st.sampled_from(["/mcp/token", "/mcp/revoke", "/mcp/introspect", "/token", "/api/connector/oauth/token"]),
    form=st.lists(st.tuples(st.sampled_from(FIELDS), FIELD_VALUES), max_size=6),
    authorization=st.one_of(st.none(), sendable.map(lambda word: f"Basic {word}")),
)
def test_a_form_at_any_endpoint_is_answered(path: str, form: list[tuple[str, str]], authorization: str | None) -> None:
    headers = {"Authorization": authorization} if authorization else None

    response = Browser().post(path, urlencode(form), content_type=FORM, headers=headers)

    assert response.status_code in (400, 401)
    assert_answered_in_json(response)


# --- Rules ------------------------------------------------------------------------------------------------------------


@BOUNDED
@given(left=redirect_uris, right=redirect_uris)
def test_matching_has_no_direction_and_everything_acceptable_matches_itself(left: str, right: str) -> None:
    assert redirect_uri_matches(left, right) == redirect_uri_matches(right, left)
    assert redirect_uri_matches(left, left)


@BOUNDED
@given(uri=redirect_uris, port=st.integers(1, 65535))
def test_a_loopback_redirect_matches_on_any_port_and_no_other_redirect_does(uri: str, port: int) -> None:
    assume(is_acceptable_redirect_uri(uri, private_schemes=PRIVATE_SCHEMES))
    parts = urlsplit(uri)
    assume(parts.scheme in ("http", "https"))
    host = parts.netloc.rpartition(":")[0] if parts.port is not None or parts.netloc.endswith(":") else parts.netloc
    elsewhere = uri.replace(parts.netloc, f"{host}:{port}", 1)
    assume(elsewhere != uri)

    loopback = parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1", "127.0.0.2", "::1")
    assert redirect_uri_matches(uri, elsewhere) is loopback
    assert is_acceptable_redirect_uri(elsewhere, private_schemes=PRIVATE_SCHEMES)


@BOUNDED
@given(uri=redirect_uris, state=sendable)
def test_an_answer_stays_at_its_redirect(uri: str, state: str) -> None:
    assume(is_acceptable_redirect_uri(uri, private_schemes=PRIVATE_SCHEMES))

    answer = answer_uri(uri, [("code", "c"), ("state", state)])

    before, after = urlsplit(uri), urlsplit(answer)
    assert (after.scheme, after.netloc, after.path, after.fragment) == (before.scheme, before.netloc, before.path, "")
    assert answer.startswith(uri)
    assert set(answer[len(uri) :]) <= set(string.ascii_letters + string.digits + "?&=%+-_.~")


@BOUNDED
@given(requested=st.lists(st.one_of(st.sampled_from(["openid", "identity.read", "offline_access"]), words), max_size=8))
def test_clamping_twice_is_clamping_once(requested: list[str]) -> None:
    once = clamp_scopes(requested)

    assert once
    assert clamp_scopes(once) == once
    assert set(once) <= set(settings.DEXTER_SCOPES)
    assert clamp_scopes(requested, within=once) == once


@BOUNDED
@given(resource=RESOURCES)
def test_what_counts_as_our_resource_becomes_it_and_stays_it(resource: str) -> None:
    canonical = canonical_resources([resource])

    assert canonical in (None, [settings.DEXTER_RESOURCE])
    assert (canonical is not None) == (not resource or is_canonical_resource(resource))
    if canonical is not None:
        assert resource.lower().rstrip("/") in ("", settings.DEXTER_RESOURCE)
        assert canonical_resources(canonical) == canonical
        assert canonical_resources([resource, *canonical]) == canonical
