"""A database that is away is 503 with Retry-After on every page, never a crash (design §1, connectors §1)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError, connection
from django.test import Client as Browser

from accounts.models import AuditEntry, User
from accounts.tests.builders import make_user
from linking.tests.builders import make_linking_code
from oauth.models import ConnectorSession
from oauth.tests.builders import make_client, make_session
from oauth.tests.protocol import authorize_path, read_stamp

pytestmark = pytest.mark.django_db

SECRET = "dxs_secret_in_the_path"
PATHS = ["/mcp/authorize?client_id=x", "/link", "/account/", "/account/login/", "/admin/", "/authorize?client_id=x"]


@contextmanager
def database_away(error: type[Exception] = OperationalError) -> Iterator[None]:
    """No query gets through."""

    def refuse(*args: Any) -> None:
        raise error('connection to server at "db", port 5432 failed\nDETAIL: more than a person needs')

    with connection.execute_wrapper(refuse):
        yield


@pytest.fixture
def browser() -> Browser:
    """A signed-in person's browser, which shows what people see."""
    browser = Browser(raise_request_exception=False)
    browser.force_login(make_user())
    return browser


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
@pytest.mark.parametrize("path", PATHS)
def test_a_page_says_to_come_back(
    browser: Browser, settings: Any, path: str, error: type[Exception], debug: bool
) -> None:
    settings.DEBUG = debug
    cookies = {name: morsel.value for name, morsel in browser.cookies.items()}

    with database_away(error):
        response = browser.get(path)

    assert response.status_code == 503
    assert int(response["Retry-After"]) > 0
    assert response["Cache-Control"] == "no-store"
    assert b"Back in a moment" in response.content
    assert b"db" not in response.content
    assert "default-src 'self'" in response["Content-Security-Policy"]
    # Nobody is signed out by it.
    assert {name: morsel.value for name, morsel in browser.cookies.items()} == cookies
    assert browser.get(path).status_code != 503


def test_a_decision_that_meets_an_outage_changes_nothing_and_can_be_made_again(browser: Browser) -> None:
    path = authorize_path(make_client())
    form = {"stamp": read_stamp(browser.get(path)), "decision": "allow"}

    with database_away():
        response = browser.post(path, form)

    assert response.status_code == 503
    assert ConnectorSession.objects.count() == AuditEntry.objects.count() == 0
    assert browser.post(path, form).status_code == 302


def test_a_program_gets_a_problem_with_all_of_its_members(browser: Browser) -> None:
    """RFC 9457, and docs/api.md: `code` and `detail` are always there, wherever the outage was met."""
    with database_away():
        response = browser.get("/api/connections")

    problem = response.json()
    assert response.status_code == problem["status"] == 503
    assert response["Content-Type"] == "application/problem+json"
    assert int(response["Retry-After"]) > 0
    assert (problem["code"], bool(problem["detail"])) == ("temporarily_unavailable", True)


def test_an_api_session_that_cannot_be_saved_is_a_problem_too(
    browser: Browser, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    _, code = make_linking_code()

    def save(*args: Any, **kwargs: Any) -> None:
        raise OperationalError("away")

    monkeypatch.setattr(f"{settings.SESSION_ENGINE}.SessionStore.save", save)

    response = browser.post("/api/link/preview", {"code": code}, content_type="application/json")

    assert response.status_code == 503
    assert (response.json()["code"], bool(response.json()["detail"])) == ("temporarily_unavailable", True)
    assert response["Cache-Control"] == "no-store"


def test_a_person_at_the_old_authorization_endpoint_gets_a_page(browser: Browser) -> None:
    """Its path begins like the API's, and a person looks at it."""
    with database_away():
        response = browser.get("/api/connector/oauth/authorize?redirect_uri=https://a.example/callback")

    assert response.status_code == 503
    assert response["Content-Type"].startswith("text/html")
    assert int(response["Retry-After"]) > 0
    assert b"Back in a moment" in response.content


def test_the_log_names_the_route_and_no_value(browser: Browser, caplog: pytest.LogCaptureFixture) -> None:
    with database_away():
        browser.get(f"/mcp/authorize?client_id={SECRET}&state={SECRET}")

    [record] = [record for record in caplog.records if "page.unavailable" in record.getMessage()]
    assert "mcp/authorize" in record.getMessage()
    assert "OperationalError" in record.getMessage()
    assert SECRET not in caplog.text
    assert "Traceback" not in caplog.text


def test_an_error_of_another_kind_is_no_outage(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*args: Any) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr("oauth.views.authorize.AuthorizeView.get", crash)

    response = browser.get("/mcp/authorize")

    assert response.status_code == 500
    assert "Retry-After" not in response


def test_an_outage_between_the_view_and_the_browser_is_one_too(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """The session is saved after the view."""
    settings.DEBUG = False

    def save(*args: Any, **kwargs: Any) -> None:
        raise OperationalError("away")

    monkeypatch.setattr(f"{settings.SESSION_ENGINE}.SessionStore.save", save)

    response = Browser(raise_request_exception=False).post("/account/login/code/", {"email": make_user().email})

    assert response.status_code == 503
    assert b"Back in a moment" in response.content


def test_a_page_whose_work_is_done_is_no_outage_because_of_what_is_noted_afterwards(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def note(*args: Any, **kwargs: Any) -> None:
        raise OperationalError("away")

    session = make_session(user=User.objects.get())
    monkeypatch.setattr("accounts.middleware.note_browser", note)

    response = browser.post(f"/account/connections/{session.pk}/end")

    session.refresh_from_db()
    assert session.ended_at is not None
    assert (response.status_code, response["Location"]) == (302, "/account/")


def test_the_page_promises_nothing_about_what_was_done_last(browser: Browser) -> None:
    """The answer may be lost after what it tells of was saved."""
    with database_away():
        page = browser.get("/account/").content.decode()

    assert "Nothing was changed" not in page
    assert "What you did last may not have been saved" in page
