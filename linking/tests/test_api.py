"""The REST API (design §5, §7; RFC 9457, RFC 6750 §3): the rules of the pages and tools, for other front ends."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client as Browser

from accounts.models import AuditEntry, User
from accounts.sign_in import SIGN_IN_MAX_AGE
from accounts.tests.builders import make_guest, make_user
from linking.api import views
from linking.limits import GUESSES_PER_ACCOUNT
from linking.models import AccountLink, LinkingCode
from linking.tests.builders import make_link, make_linking_code
from oauth.models import ConnectorSession
from oauth.services import block_client, end_session
from oauth.tests.builders import make_access_token, make_session

pytestmark = pytest.mark.django_db

ROUTES = [
    ("get", "/api/link/status"),
    ("post", "/api/link/preview"),
    ("post", "/api/link/verify"),
    ("post", "/api/link/generate"),
    ("post", "/api/link/remove"),
    ("get", "/api/connections"),
    ("delete", "/api/connections/11111111-1111-4111-8111-111111111111"),
]
SESSION_ONLY = [ROUTES[1], ROUTES[2], ROUTES[5], ROUTES[6]]
WITH_BODY = ["/api/link/preview", "/api/link/verify", "/api/link/remove"]


@pytest.fixture
def account() -> User:
    """Ada, who has just signed up."""
    return make_user()


@pytest.fixture
def browser(account: User) -> Browser:
    """A browser in which Ada is signed in."""
    browser = Browser(raise_request_exception=False)
    browser.force_login(account)
    return browser


def send(browser: Browser, path: str, body: Any = None, **headers: str) -> Any:
    """Post JSON."""
    return browser.post(
        path, json.dumps({} if body is None else body), content_type="application/json", headers=headers
    )


def bearer(session: ConnectorSession | None = None, **fields: Any) -> dict[str, str]:
    """The header with an access token of `session`."""
    return {"Authorization": f"Bearer {make_access_token(session, **fields)[1]}"}


def assert_problem(response: Any, status: int, code: str) -> dict[str, Any]:
    """A problem that nobody keeps and no other origin may read, with nothing left empty."""
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    assert "no-store" in response["Cache-Control"]
    assert "Access-Control-Allow-Origin" not in response
    problem: dict[str, Any] = response.json()
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["type"] and problem["title"] and problem["detail"]
    return problem


def written() -> tuple[int, ...]:
    return LinkingCode.objects.count(), AccountLink.objects.count(), AuditEntry.objects.count()


# --- Linking with a code ----------------------------------------------------------------------------------------------


def test_a_code_is_previewed_and_then_confirmed(browser: Browser, account: User) -> None:
    row, code = make_linking_code()

    preview = send(browser, "/api/link/preview", {"code": code.lower()}).json()
    linked = send(browser, "/api/link/verify", {"preview_id": preview["preview_id"]})

    assert preview["assistant"] == {"name": "Example Assistant", "is_verified": False}
    assert preview["account"]["account_id"] == account.subject
    assert preview["redirect_host"] and preview["allows"]
    assert linked.status_code == 200
    link = AccountLink.objects.get()
    assert (link.account, link.user) == (account, row.user)
    assert linked.json()["link"]["link_id"] == str(link.pk)
    assert AuditEntry.objects.filter(action="linking.link.confirmed", account=account).count() == 1


def test_a_preview_confirms_once(browser: Browser) -> None:
    _, code = make_linking_code()
    preview_id = send(browser, "/api/link/preview", {"code": code}).json()["preview_id"]
    send(browser, "/api/link/verify", {"preview_id": preview_id})

    before = written()
    again = send(browser, "/api/link/verify", {"preview_id": preview_id})

    assert_problem(again, 400, "preview_unknown")
    assert written() == before


def test_a_code_itself_does_not_confirm(browser: Browser) -> None:
    _, code = make_linking_code()
    send(browser, "/api/link/preview", {"code": code})

    assert_problem(send(browser, "/api/link/verify", {"preview_id": code}), 400, "preview_unknown")
    assert_problem(send(browser, "/api/link/verify", {"code": code}), 400, "invalid_request")
    assert not AccountLink.objects.exists()


def test_a_preview_is_of_one_session_and_account(browser: Browser, account: User) -> None:
    _, code = make_linking_code()
    preview_id = send(browser, "/api/link/preview", {"code": code}).json()["preview_id"]
    elsewhere, other = Browser(), Browser()
    elsewhere.force_login(account)
    other.force_login(make_user("eve@example.com"))

    for stranger in (elsewhere, other):
        assert_problem(send(stranger, "/api/link/verify", {"preview_id": preview_id}), 400, "preview_unknown")
    assert not AccountLink.objects.exists()


def test_declining_ends_the_code(browser: Browser) -> None:
    row, code = make_linking_code()
    preview_id = send(browser, "/api/link/preview", {"code": code}).json()["preview_id"]

    answer = send(browser, "/api/link/verify", {"preview_id": preview_id, "decline": True})

    assert answer.json() == {"is_linked": False}
    row.refresh_from_db()
    assert row.ended_at is not None
    assert not AccountLink.objects.exists()


def test_an_old_sign_in_confirms_nothing_and_keeps_the_preview(browser: Browser, account: User) -> None:
    _, code = make_linking_code()
    preview_id = send(browser, "/api/link/preview", {"code": code}).json()["preview_id"]
    joined_at = account.date_joined
    User.objects.filter(pk=account.pk).update(date_joined=joined_at - SIGN_IN_MAX_AGE)

    refused = send(browser, "/api/link/verify", {"preview_id": preview_id})
    assert_problem(refused, 403, "sign_in_again")
    assert not AccountLink.objects.exists()

    User.objects.filter(pk=account.pk).update(date_joined=joined_at)
    assert send(browser, "/api/link/verify", {"preview_id": preview_id}).status_code == 200


def test_wrong_codes_count_the_same_through_api_and_page(browser: Browser) -> None:
    for turn in range(GUESSES_PER_ACCOUNT.count):
        if turn % 2:
            assert browser.post("/link", {"code": "AAAAAA"}).status_code == 400
        else:
            assert_problem(send(browser, "/api/link/preview", {"code": "AAAAAA"}), 400, "code_refused")
    _, code = make_linking_code()

    locked = send(browser, "/api/link/preview", {"code": code})

    assert_problem(locked, 429, "too_many_wrong_codes")
    assert int(locked["Retry-After"]) > 0
    assert browser.post("/link", {"code": code}).status_code == 429


# --- Who may do what --------------------------------------------------------------------------------------------------


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


# --- Status, generate, remove, connections ----------------------------------------------------------------------------


def test_status_says_whom_a_connection_acts_for(account: User) -> None:
    session = make_session()
    headers = bearer(session)
    unlinked = Browser().get("/api/link/status", headers=headers).json()
    make_link(account, session)
    linked = Browser().get("/api/link/status", headers=headers).json()

    assert unlinked == {"is_linked": False, "issuer": session.issuer, "subject": session.user.subject}
    assert (linked["is_linked"], linked["account_id"], linked["link_initiated_by"]) == (True, account.subject, "mcp")


def test_a_connection_gets_a_code_for_the_page_and_an_account_one_for_an_assistant(browser: Browser) -> None:
    for_page = Browser().post("/api/link/generate", headers=bearer())
    for_assistant = browser.post("/api/link/generate")

    assert (for_page.status_code, for_assistant.status_code) == (201, 201)
    assert for_page.json()["link_url"].endswith("/link")
    assert for_assistant.json()["link_url"].endswith("/link/code")
    assert for_assistant.json()["code"] in browser.get("/link/code").content.decode()


def test_a_linked_connection_gets_no_code_and_one_that_asks_too_often_waits(account: User) -> None:
    assert_problem(Browser().post("/api/link/generate", headers=bearer(make_session(account))), 409, "already_linked")
    headers = bearer()
    for _ in range(5):
        Browser().post("/api/link/generate", headers=headers)

    limited = Browser().post("/api/link/generate", headers=headers)

    assert_problem(limited, 429, "too_many_codes")
    assert int(limited["Retry-After"]) > 0


def test_a_connection_removes_its_own_link_only(account: User) -> None:
    session, other = make_session(), make_link(make_user("eve@example.com"))
    make_link(account, session)
    headers = bearer(session)

    assert_problem(send(Browser(), "/api/link/remove", {"link_id": str(other.pk)}, **headers), 400, "invalid_request")
    removed = send(Browser(), "/api/link/remove", **headers)
    again = send(Browser(), "/api/link/remove", **headers)

    assert removed.json() == {"is_linked": False, "connection_ended": False}
    assert_problem(again, 409, "not_linked")
    assert list(AccountLink.objects.all()) == [other]


def test_an_account_removes_its_own_links_only(browser: Browser, account: User) -> None:
    mine, theirs = make_link(account), make_link(make_user("eve@example.com"))

    assert_problem(send(browser, "/api/link/remove", {"link_id": str(theirs.pk)}), 404, "connection_not_found")
    assert send(browser, "/api/link/remove", {"link_id": str(mine.pk)}).status_code == 200
    assert list(AccountLink.objects.all()) == [theirs]


def test_connections_are_listed_and_ended_and_strangers_ones_do_not_exist(browser: Browser, account: User) -> None:
    own, linked, theirs = make_session(account), make_session(), make_session(make_user("eve@example.com"))
    make_link(account, linked)

    listed = browser.get("/api/connections").json()["connections"]
    assert {each["connection_id"] for each in listed} == {str(own.pk), str(linked.pk)}
    assert all(value is not None for each in listed for value in each.values())

    assert_problem(browser.delete(f"/api/connections/{theirs.pk}"), 404, "connection_not_found")
    assert browser.delete(f"/api/connections/{own.pk}").status_code == 204
    assert browser.delete(f"/api/connections/{own.pk}").status_code == 204
    assert list(ConnectorSession.objects.filter(ended_at__isnull=False)) == [own]


# --- Bad input --------------------------------------------------------------------------------------------------------

BAD_BODIES: list[Any] = [
    b"",
    b"[]",
    b"null",
    b'"AAA-AAA"',
    b"[" * 20_000,
    b'{"code":' * 5_000,
    b'{"code": NaN}',
    b'{"code": "\x00"}',
    b'{"code": "\\u0000"}',
    b'{"code": "\\ud800"}',
    b'{"code": "\xff"}',
    b'{"code": {"a": 1}, "preview_id": [], "link_id": {}}',
    b'{"code": "' + b"A" * 10_000 + b'", "preview_id": "\\ud800", "link_id": "\\u0000"}',
    b'{"link_id": ' + b"9" * 5_000 + b"}",
]


@pytest.mark.parametrize("path", WITH_BODY)
@pytest.mark.parametrize("body", BAD_BODIES, ids=range(len(BAD_BODIES)))
@pytest.mark.parametrize("charset", ["", "; charset=utf-16", "; charset=zlib"])
def test_a_body_that_cannot_be_read_is_400(browser: Browser, path: str, body: bytes, charset: str) -> None:
    before = written()

    # Not `post`, which would encode the body in the charset that it only claims to have.
    response = browser.generic("POST", path, body, content_type=f"application/json{charset}")

    assert_problem(response, 400, "invalid_request")
    assert written() == before


@pytest.mark.parametrize("path", WITH_BODY)
def test_a_megabyte_is_413(browser: Browser, path: str) -> None:
    assert_problem(send(browser, path, {"code": "A" * 1_000_000}), 413, "too_large")


@pytest.mark.parametrize("path", WITH_BODY)
@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/json"]
)
def test_a_body_that_is_not_json_is_415(browser: Browser, path: str, content_type: str) -> None:
    assert_problem(browser.post(path, b"code=AAA-AAA", content_type=content_type), 415, "unsupported_media_type")


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/nothing", "/api/link/status/", "/api/connections/x"])
def test_an_unknown_address_is_a_problem_and_never_a_redirect(browser: Browser, path: str) -> None:
    assert_problem(browser.get(path), 404, "not_found")


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_other_methods_are_405_for_everybody(method: str, path: str) -> None:
    response = Browser().put(path)

    assert_problem(response, 405, "method_not_allowed")
    assert method.upper() in response["Allow"]


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_no_other_origin_may_call(browser: Browser, method: str, path: str) -> None:
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": method.upper()}

    response = browser.options(path, headers=asked)

    assert (response.status_code, response["Cache-Control"]) == (204, "no-store")
    assert not [name for name in response.headers if name.lower().startswith("access-control")]


def test_head_is_get_without_a_body_and_nothing_is_kept(browser: Browser) -> None:
    for path in ("/api/link/status", "/api/connections"):
        assert (browser.head(path).status_code, browser.head(path).content) == (200, b"")
        assert "no-store" in browser.get(path)["Cache-Control"]


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [(OperationalError("away"), 503, "temporarily_unavailable"), (ZeroDivisionError(), 500, "server_error")],
)
def test_outages_and_crashes_are_problems(
    browser: Browser, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, code: str
) -> None:
    def fail(account: User) -> None:
        raise error

    monkeypatch.setattr(views, "connections_of", fail)

    response = browser.get("/api/connections")

    problem = assert_problem(response, status, code)
    assert "away" not in problem["detail"].split()[:1]
    assert ("Retry-After" in response) == (status == 503)
