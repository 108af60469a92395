"""Who may call which route of the API (design §5; RFC 6750 §3): nobody, guests, people, assistants."""

from __future__ import annotations

import pytest
from django.test import Client as Browser

from accounts.models import User
from accounts.tests.builders import make_guest, make_user
from linking.models import LinkingCode
from linking.tests.calling import ROUTES, SESSION_ONLY, assert_problem, bearer, send, written
from oauth.models import ConnectorSession
from oauth.services import block_client, end_session
from oauth.tests.builders import make_session

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_nobody_gets_in_without_credentials(method: str, path: str) -> None:
    before = written()

    response = getattr(Browser(), method)(path)

    if (method, path) in SESSION_ONLY:
        assert_problem(response, 403, "session_required")
    else:
        assert_problem(response, 401, "unauthenticated")
        assert response["WWW-Authenticate"].startswith("Bearer ")
    assert written() == before


@pytest.mark.parametrize(("method", "path"), SESSION_ONLY)
def test_an_access_token_opens_no_route_of_people_even_in_their_browser(
    browser: Browser, account: User, method: str, path: str
) -> None:
    """An assistant that acts for a person must not link or end other assistants, and a token is never ignored."""
    headers = bearer(make_session(account))
    before = written()

    assert_problem(getattr(browser, method)(path, headers=headers), 403, "session_required")
    assert written() == before


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_a_guests_website_session_is_nobody(method: str, path: str) -> None:
    browser = Browser()
    browser.force_login(make_guest())

    assert getattr(browser, method)(path).status_code in (401, 403)
    assert not LinkingCode.objects.exists()


@pytest.mark.parametrize(("method", "path"), [route for route in ROUTES if route[0] != "get"])
@pytest.mark.parametrize("headers", [{}, {"X-CSRFToken": "a" * 32}, {"Origin": "https://evil.example"}])
def test_a_session_changes_nothing_without_its_csrf_token(
    account: User, method: str, path: str, headers: dict[str, str]
) -> None:
    browser = Browser(enforce_csrf_checks=True)
    browser.force_login(account)
    before = written()

    assert_problem(getattr(browser, method)(path, headers=headers), 403, "csrf_failed")
    assert written() == before


def test_status_gives_the_csrf_token_that_a_change_needs(account: User) -> None:
    browser = Browser(enforce_csrf_checks=True)
    browser.force_login(account)
    token = browser.get("/api/link/status").json()["csrf_token"]

    assert send(browser, "/api/link/generate", **{"X-CSRFToken": token}).status_code == 201


@pytest.mark.parametrize(
    ("path", "scope"), [("status", "identity.read"), ("generate", "link.write"), ("remove", "link.write")]
)
def test_a_token_needs_the_scope_of_the_route(path: str, scope: str) -> None:
    headers = bearer(scope="openid")
    before = written()

    method = Browser().get if path == "status" else Browser().post
    response = method(f"/api/link/{path}", headers=headers)

    assert_problem(response, 403, "insufficient_scope")
    assert f'scope="{scope}"' in response["WWW-Authenticate"]
    assert written() == before


def test_a_token_of_an_ended_session_or_a_blocked_client_is_refused(browser: Browser) -> None:
    ended, blocked = make_session(), make_session()
    headers = [bearer(ended), bearer(blocked)]
    end_session(session=ended, reason=ConnectorSession.EndReason.STAFF)
    block_client(client=blocked.client, actor=make_user("staff@example.com"), blocked=True)

    for each in headers:
        # In a signed-in browser too: a token that does not act is refused, and nothing else stands in for it.
        response = browser.get("/api/link/status", headers=each)
        assert_problem(response, 401, "invalid_token")
        assert 'error="invalid_token"' in response["WWW-Authenticate"]
