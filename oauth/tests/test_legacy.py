"""The old endpoint families of design §5: alive, never advertised, with and without `client_id`."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client as Browser

from oauth.models import AccessToken, Client
from oauth.tests.builders import CODE_VERIFIER, REDIRECT_URI, make_client
from oauth.tests.protocol import (
    FORM,
    assert_json_error,
    authorize_path,
    decide,
    nothing_written,
    post_form,
    post_registration,
    read_answer,
)

pytestmark = pytest.mark.django_db
OLD = "/api/connector/oauth"


def make_connector(**fields: Any) -> Client:
    """A client that staff made and marked for the old family."""
    return make_client(registration_source=Client.RegistrationSource.MANUAL, **{"serves_legacy_family": True} | fields)


def old_path(client: Client, **parameters: str | None) -> str:
    """The authorization path of the old family."""
    return authorize_path(client, **parameters).replace("/mcp/authorize", f"{OLD}/authorize")


@pytest.mark.parametrize("prefix", ["", OLD])
def test_an_old_family_connects_with_a_client_id(browser: Browser, prefix: str) -> None:
    client = make_client()
    path = authorize_path(client).replace("/mcp/authorize", f"{prefix}/authorize")

    code = read_answer(decide(browser, path, "guest"))["code"]
    form = {"grant_type": "authorization_code", "code": code, "client_id": client.client_id}
    form |= {"redirect_uri": REDIRECT_URI, "code_verifier": CODE_VERIFIER}
    answer = post_form(browser, f"{prefix}/token", form)

    assert answer.status_code == 200


def test_a_client_that_lost_its_id_connects_and_refreshes_without_one(browser: Browser) -> None:
    make_connector()
    path = old_path(make_client(redirect_uris="https://other.example/cb"), client_id=None)

    code = read_answer(decide(browser, path, "guest"))["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT_URI}
    tokens = post_form(browser, f"{OLD}/token", form | {"code_verifier": CODE_VERIFIER})
    again = post_form(
        browser, f"{OLD}/token", {"grant_type": "refresh_token", "refresh_token": tokens.json()["refresh_token"]}
    )

    assert (tokens.status_code, again.status_code) == (200, 200)
    assert AccessToken.objects.count() == 2


def no_connector() -> None:
    """Nobody is marked for the old family."""
    make_client()


def two_connectors() -> None:
    """Two are, so nobody can say which it is."""
    make_connector()
    make_connector()


def another_redirect() -> None:
    """One is, for another redirect: exact match, loopback ports included."""
    make_connector(redirect_uris=REDIRECT_URI.replace("3334", "3335"))


def a_registered_one() -> None:
    """One that marked itself, which registration cannot, but a mistake could."""
    make_client(serves_legacy_family=True)


@pytest.mark.parametrize("arrange", [no_connector, two_connectors, another_redirect, a_registered_one])
def test_without_a_client_id_anything_but_one_match_is_a_page(browser: Browser, arrange: Any) -> None:
    arrange()
    path = old_path(make_client(redirect_uris="https://other.example/cb"), client_id=None)

    with nothing_written("oauth.authorization.refused"):
        answer = browser.get(path)

    assert answer.status_code == 400
    assert b"did not say who it is" in answer.content


def test_pkce_is_required_all_the_same(browser: Browser) -> None:
    make_connector()
    path = old_path(make_client(redirect_uris="https://other.example/cb"), client_id=None, code_challenge=None)

    answer = read_answer(browser.get(path))

    assert answer["error"] == "invalid_request"


def test_a_code_names_its_client_only_for_the_old_family(browser: Browser) -> None:
    client = make_client()
    code = read_answer(decide(browser, authorize_path(client), "guest"))["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT_URI}

    answers = [post_form(browser, path, form | {"code_verifier": CODE_VERIFIER}) for path in ("/token", f"{OLD}/token")]

    assert [answer.json()["error"] for answer in answers] == ["invalid_client"] * 2
    assert not AccessToken.objects.exists()


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"grant_type=x", f"{FORM}; charset=utf-16", 400),
        (b"x=" * 2000, FORM, 400),
        (b"x=&" * 2000, FORM, 400),
        (b"x=" + b"x" * 70_000, FORM, 413),
        (b"x=" + b"x" * 3_000_000, FORM, 413),
    ],
)
def test_a_body_that_cannot_be_read_is_answered_in_json(
    browser: Browser, body: bytes, content_type: str, status: int
) -> None:
    """The client is looked up in the body before the token endpoint sees it; the same rules hold there."""
    with nothing_written(*(["oauth.token.refused"] if body == b"x=" * 2000 else [])):
        answer = browser.post(f"{OLD}/token", body, content_type=content_type)

    assert_json_error(answer, "invalid_request", status)
    assert answer["Access-Control-Allow-Origin"] == "*"


def test_an_outage_is_503_and_never_invalid_client(browser: Browser) -> None:
    def broken(*args: Any) -> None:
        raise OperationalError("server closed the connection unexpectedly")

    form = {"grant_type": "authorization_code", "code": "dxg_x", "redirect_uri": REDIRECT_URI}

    with connection.execute_wrapper(broken):
        answer = post_form(browser, f"{OLD}/token", form)

    assert_json_error(answer, "temporarily_unavailable", 503)


@pytest.mark.parametrize("path", ["/register", "/mcp/dcr/register"])
def test_the_old_registration_endpoints_register(browser: Browser, path: str) -> None:
    body = json.dumps({"redirect_uris": [REDIRECT_URI]})

    assert browser.post(path, body, "application/json").status_code == 201
    assert post_registration(browser, body).status_code == 201


def test_no_document_names_an_old_endpoint(browser: Browser) -> None:
    for document in ("oauth-authorization-server", "openid-configuration"):
        text = browser.get(f"/.well-known/{document}").content.decode()
        assert "/api/connector" not in text
        assert "localhost:8000/token" not in text
        assert "/dcr/" not in text
