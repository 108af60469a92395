"""The UserInfo endpoint (OpenID Connect Core §5.3, RFC 6750 §3)."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.test import Client as Browser

from accounts.tests.builders import make_guest, make_user
from oauth.tests.builders import make_access_token, make_account_link, make_session
from oauth.tests.protocol import nothing_written

pytestmark = pytest.mark.django_db

METADATA = "http://localhost:8000/.well-known/oauth-protected-resource/mcp"


def ask(browser: Browser, token: str | None, method: str = "GET", **headers: str) -> Any:
    """Call the endpoint with a token in the Authorization header."""
    credentials = {"Authorization": f"Bearer {token}"} if token is not None else {}
    return browser.generic(method, "/mcp/userinfo", headers=credentials | headers)


@pytest.mark.parametrize(
    ("scope", "claims"),
    [
        ("openid", {}),
        ("openid identity.read link.write", {}),
        ("openid profile", {"name": "Ada", "nickname": "Ada"}),
        ("openid email", {"email": "ada@example.com", "email_verified": True}),
        (
            "openid profile email",
            {"name": "Ada", "nickname": "Ada", "email": "ada@example.com", "email_verified": True},
        ),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_claims_are_those_of_the_granted_scopes(
    browser: Browser, scope: str, claims: dict[str, Any], method: str
) -> None:
    person = make_user("ada@example.com", display_name="Ada")
    _, token = make_access_token(make_session(person, scope=scope))

    with nothing_written():
        response = ask(browser, token, method)

    assert response.status_code == 200
    assert response.json() == {"sub": person.subject, **claims}
    assert response["Cache-Control"] == "no-store"


def test_an_unproven_address_says_so(browser: Browser) -> None:
    person = make_user("ada@example.com")
    EmailAddress.objects.update(verified=False)
    _, token = make_access_token(make_session(person, scope="openid email"))

    assert ask(browser, token).json()["email_verified"] is False


def test_a_guest_has_a_subject_and_no_address(browser: Browser) -> None:
    guest = make_guest()
    _, token = make_access_token(make_session(guest, scope="openid profile email"))

    answer = ask(browser, token).json()

    assert answer == {"sub": guest.subject, "name": "Guest", "nickname": "Guest"}


def test_a_linked_guest_keeps_its_subject_and_shows_the_account(browser: Browser) -> None:
    guest, account = make_guest(), make_user("ada@example.com")
    _, token = make_access_token(make_session(guest, scope="openid email"))
    make_account_link(guest, account)

    answer = ask(browser, token).json()

    assert answer == {"sub": guest.subject, "email": "ada@example.com", "email_verified": True}


def test_without_a_token_the_challenge_names_no_error(browser: Browser) -> None:
    response = ask(browser, None)

    assert response.status_code == 401
    assert response["WWW-Authenticate"] == f'Bearer resource_metadata="{METADATA}", scope="openid"'


@pytest.mark.parametrize("token", ["dxa_unknown", "", "a b", "x" * 600])
def test_a_token_that_does_not_act_is_401_with_a_complete_challenge(browser: Browser, token: str) -> None:
    response = ask(browser, token)

    assert response.status_code == 401
    assert response.json()["error"] == "invalid_token"
    assert response["WWW-Authenticate"].startswith('Bearer error="invalid_token", error_description="')
    assert f'resource_metadata="{METADATA}", scope="openid"' in response["WWW-Authenticate"]


def test_without_openid_it_is_403_and_says_which_scope_is_needed(browser: Browser) -> None:
    _, token = make_access_token(make_session(scope="identity.read email"))

    response = ask(browser, token)

    assert response.status_code == 403
    assert response.json()["error"] == "insufficient_scope"
    assert 'error="insufficient_scope"' in response["WWW-Authenticate"]
    assert 'scope="openid"' in response["WWW-Authenticate"]


def test_only_the_header_says_who_is_calling(browser: Browser) -> None:
    """Not a website's session, not another header, not the query, not the body (design §9)."""
    person = make_user()
    _, token = make_access_token(make_session(person, scope="openid"))
    browser.force_login(person)

    by_session = ask(browser, None, **{"X-User-Sub": person.subject, "X-Forwarded-User": "ada@example.com"})
    by_query = browser.get(f"/mcp/userinfo?access_token={token}")
    by_body = browser.post("/mcp/userinfo", {"access_token": token})

    assert {by_session.status_code, by_query.status_code, by_body.status_code} == {401}


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_other_methods_are_not_allowed(browser: Browser, method: str) -> None:
    response = ask(browser, None, method)

    assert response.status_code == 405
    assert response["Allow"] == "GET, POST, OPTIONS"
