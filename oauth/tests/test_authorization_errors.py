"""Authorization requests that are answered with an error (RFC 6749 §4.1.2.1; RFC 7636 §4.3; RFC 8707 §2; RFC 9207)."""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.test import Client as Browser

from accounts.models import AuditEntry
from accounts.tests.builders import PASSWORD, make_user
from oauth.models import Client, Grant
from oauth.tests.builders import CODE_CHALLENGE, CODE_VERIFIER, make_client
from oauth.tests.protocol import STATE, authorize_path, decide, nothing_written, read_answer

pytestmark = pytest.mark.django_db

REFUSED = "oauth.authorization.refused"
ISSUER = "http://localhost:8000/mcp"
PHISH = "https://phish.example/account/login/"
CURSOR = "cursor://anysphere.cursor-mcp/oauth/callback"


def assert_error(response: Any, error: str) -> dict[str, str]:
    """The connector gets the error with its state and the issuer, and no code."""
    answer = read_answer(response)
    assert answer["error"] == error
    assert answer["state"] == STATE
    assert answer["iss"] == ISSUER
    assert "code" not in answer
    return answer


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": ""}, "unsupported_response_type"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "id_token"}, "unsupported_response_type"),
        ({"response_type": "code token"}, "unauthorized_client"),
        ({"response_type": "code id_token"}, "unauthorized_client"),
        ({"response_type": "none"}, "unauthorized_client"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"response_mode": "form_post"}, "invalid_request"),
        ({"nonce": "n" * 256}, "invalid_request"),
        ({"request": "eyJhbGciOiJub25lIn0.e30."}, "request_not_supported"),
        ({"request": "x", "scope": "openid"}, "request_not_supported"),
        ({"request_uri": "https://assistant.example/request.jwt"}, "request_uri_not_supported"),
    ],
)
def test_a_request_for_what_is_not_offered_is_refused(
    browser: Browser, parameters: dict[str, str | None], error: str
) -> None:
    path = authorize_path(make_client(), **parameters)

    with nothing_written(REFUSED):
        response = browser.get(path)

    assert_error(response, error)


@pytest.mark.parametrize("name", ["code_challenge", "code_challenge_method", "nonce", "prompt", "whatever"])
def test_a_repeated_parameter_is_refused(browser: Browser, name: str) -> None:
    path = authorize_path(make_client(), **{name: "x"}) + f"&{name}=y"

    with nothing_written(REFUSED):
        response = browser.get(path)

    assert_error(response, "invalid_request")


@pytest.mark.parametrize(
    "parameters",
    [
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge": None},
        {"code_challenge": ""},
        {"code_challenge_method": None},
        {"code_challenge_method": ""},
        {"code_challenge_method": "plain"},
        {"code_challenge": CODE_VERIFIER, "code_challenge_method": "plain"},
        {"code_challenge_method": "s256"},
        {"code_challenge_method": "S512"},
        {"code_challenge": CODE_CHALLENGE + "="},
        {"code_challenge": CODE_CHALLENGE[:-1]},
        {"code_challenge": CODE_CHALLENGE + "x"},
        {"code_challenge": CODE_CHALLENGE[:-1] + "+"},
        {"code_challenge": CODE_CHALLENGE + "\n"},
    ],
)
def test_pkce_cannot_be_downgraded(browser: Browser, parameters: dict[str, str | None]) -> None:
    """RFC 9700 §2.1.1, §4.8: S256 and nothing else; a challenge without a method would mean `plain`."""
    path = authorize_path(make_client(), **parameters)

    with nothing_written(REFUSED):
        response = browser.get(path)

    assert_error(response, "invalid_request")


@pytest.mark.parametrize(
    "resource",
    [
        "http://localhost:8000/mcp",
        "http://localhost:8000/mcp/",
        "HTTP://LOCALHOST:8000/mcp",
        "",
        None,
    ],
)
def test_our_resource_in_any_spelling_is_the_canonical_one(browser: Browser, resource: str | None) -> None:
    decide(browser, authorize_path(make_client(), resource=resource), "guest")

    grant = Grant.objects.get()
    assert grant.resource == ["http://localhost:8000/mcp"]
    assert grant.session.resource == "http://localhost:8000/mcp"


@pytest.mark.parametrize(
    "resource",
    [
        "https://localhost:8000/mcp",
        "http://localhost/mcp",
        "http://localhost:8000",
        "http://localhost:8000/MCP",
        "http://localhost:8000/mcp//",
        "http://localhost:8000/mcp?x",
        "http://localhost:8000/mcp#x",
        "http://x@localhost:8000/mcp",
        "http://localhost:8000/mcp/x",
        "http://localhost:8000/x/../mcp",
        "https://other.example/mcp",
        "urn:mcp",
        "mcp",
        "http://[",
    ],
)
def test_another_resource_is_refused(browser: Browser, resource: str) -> None:
    path = authorize_path(make_client(), resource=resource)

    with nothing_written(REFUSED):
        response = browser.get(path)

    assert_error(response, "invalid_target")


def test_a_repeated_resource_must_be_ours_each_time(browser: Browser) -> None:
    path = authorize_path(make_client(), resource="http://localhost:8000/mcp")

    ours = browser.get(path + "&resource=http://localhost:8000/mcp/")
    with nothing_written(REFUSED):
        other = browser.get(path + "&resource=https://other.example/")

    assert ours.status_code == 200
    assert_error(other, "invalid_target")


@pytest.mark.parametrize(
    ("scope", "granted"),
    [
        (None, "identity.read link.write offline_access"),
        ("", "identity.read link.write offline_access"),
        ("unknown", "identity.read link.write offline_access"),
        ("identity.read unknown", "identity.read"),
        ("email openid email", "email openid"),
        ("  identity.read   link.write ", "identity.read link.write"),
        ("IDENTITY.READ link.write", "link.write"),
    ],
)
def test_scopes_are_clamped_and_never_refused(browser: Browser, scope: str | None, granted: str) -> None:
    decide(browser, authorize_path(make_client(), scope=scope), "guest")

    assert Grant.objects.get().scope == granted


@pytest.mark.parametrize("scope", ["identity.read", "openid identity.read"])
@pytest.mark.parametrize(("signed_in", "error"), [(False, "login_required"), (True, "consent_required")])
def test_nobody_is_let_in_silently(browser: Browser, scope: str, signed_in: bool, error: str) -> None:
    """OpenID Connect Core §3.1.2.6, for `openid` and without (connectors §3, hole 9)."""
    if signed_in:
        browser.force_login(make_user())

    path = authorize_path(make_client(), scope=scope, prompt="none")

    with nothing_written(REFUSED):
        response = browser.get(path)

    assert_error(response, error)


def test_prompt_none_stands_alone(browser: Browser) -> None:
    path = authorize_path(make_client(), prompt="none login")

    with nothing_written(REFUSED):
        response = browser.get(path)

    assert_error(response, "invalid_request")


@pytest.mark.parametrize(
    "parameters",
    [
        {"approval_prompt": "auto"},
        {"approval_prompt": "auto", "prompt": "consent"},
        {"prompt": "consent"},
        {"prompt": "select_account"},
        {"skip_authorization": "true"},
    ],
)
def test_no_parameter_does_without_the_page(browser: Browser, parameters: dict[str, str]) -> None:
    client = make_client(skip_authorization=True)
    browser.force_login(make_user())
    decide(browser, authorize_path(client), "allow")

    with nothing_written():
        response = browser.get(authorize_path(client, **parameters))

    assert response.status_code == 200
    assert b">Allow</button>" in response.content


@pytest.mark.parametrize("claims", ["{", "[]", '{"id_token": {"email": null}}'])
def test_claims_are_not_supported_and_ignored(browser: Browser, claims: str) -> None:
    response = browser.get(authorize_path(make_client(), scope="openid", claims=claims))

    assert response.status_code == 200


def test_an_error_without_a_state_has_none(browser: Browser) -> None:
    answer = read_answer(browser.get(authorize_path(make_client(), state=None, response_type="token")))

    assert answer["error"] == "unsupported_response_type"
    assert answer["iss"] == ISSUER
    assert "state" not in answer


def test_an_error_keeps_the_query_of_the_redirect(browser: Browser) -> None:
    redirect_uri = "https://assistant.example/callback?tenant=a%2Fb&x"
    client = make_client(redirect_uris=redirect_uri, registration_source=Client.RegistrationSource.MANUAL)

    response = browser.get(authorize_path(client, redirect_uri=redirect_uri, response_type="token"))

    assert response["Location"].startswith(f"{redirect_uri}&error=unsupported_response_type&")


@pytest.mark.parametrize(
    "parameters",
    [
        {"prompt": "none"},
        {"prompt": "none login"},
        {"response_type": "token"},
        {"code_challenge": None},
        {"code_challenge_method": "plain"},
        {"resource": "https://other.example/"},
        {"request": "x"},
    ],
)
@pytest.mark.parametrize("source", [Client.RegistrationSource.DCR, Client.RegistrationSource.CIMD])
def test_nobody_is_sent_to_a_strangers_host_unasked(
    browser: Browser, parameters: dict[str, str | None], source: str
) -> None:
    """RFC 9700 §4.11.2: whoever registers a client would have an address of ours that leads to any page."""
    client = make_client(redirect_uris=PHISH, registration_source=source)

    with nothing_written(REFUSED):
        response = browser.get(authorize_path(client, redirect_uri=PHISH, **parameters))

    page = response.content.decode()
    assert response.status_code == 400
    assert "Location" not in response
    assert "http-equiv" not in page
    assert "<strong>phish.example</strong>" in page
    # Whoever knows the host goes on there, with all that the assistant has to be told.
    [target] = re.findall(rf'href="({re.escape(PHISH)}[^"]*)"', page)
    answer = dict(parse_qsl(urlsplit(unescape(target)).query))
    assert {"error", "state", "iss"} <= answer.keys()
    assert (answer["state"], answer["iss"]) == (STATE, ISSUER)


def test_a_sign_in_leads_to_no_strangers_host(browser: Browser) -> None:
    """A link to the real page for signing in, with a wrong request as what comes after it."""
    make_user()
    path = authorize_path(make_client(redirect_uris=PHISH), redirect_uri=PHISH, response_type="token")

    form = {"login": "ada@example.com", "password": PASSWORD, "next": path}
    arrived = browser.post("/account/login/", form, follow=True)

    assert arrived.redirect_chain == [(path, 302)]
    assert arrived.status_code == 400


def test_an_error_for_a_private_scheme_is_handed_back_on_a_page(browser: Browser) -> None:
    client = make_client(redirect_uris=CURSOR)

    with nothing_written(REFUSED):
        response = browser.get(authorize_path(client, redirect_uri=CURSOR, response_type="token"))

    page = response.content.decode()
    assert response.status_code == 200
    assert f'href="{CURSOR}?error=unsupported_response_type&amp;' in page
    assert "iss=http" in page
    assert "Nothing was connected. The assistant is told why." in page
    assert "button-primary" not in page


def test_a_refusal_says_why_in_the_audit_log(browser: Browser) -> None:
    client = make_client()

    browser.get(authorize_path(client, response_type="token"), REMOTE_ADDR="203.0.113.9")

    entry = AuditEntry.objects.get()
    assert entry.client_id == client.client_id
    assert entry.reason == "UnsupportedResponseTypeError"
    assert entry.address == "203.0.113.9"
