"""Signed-in browsers: listed for their account only, and signed out for good."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.audit import AccountAction
from accounts.browsers import describe_browser, live_browsers
from accounts.models import AuditEntry, BrowserSession, User
from accounts.tests.builders import PASSWORD, make_user

pytestmark = pytest.mark.django_db
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Version/18.0 Mobile/15E1 Safari/604.1"


def make_browser(user: User, user_agent: str = FIREFOX) -> Client:
    """A browser in which `user` has signed in and seen a page."""
    browser = Client(headers={"User-Agent": user_agent})
    browser.force_login(user)
    browser.get("/account/")
    return browser


def row_of(browser: Client) -> BrowserSession:
    """What is kept of it."""
    return BrowserSession.objects.get(session_id=browser.session.session_key)


def test_browsers_are_listed_with_this_one_first() -> None:
    user = make_user()
    make_browser(make_user("grace@example.com"), "Mozilla/5.0 Chrome/1 (Windows)")
    here, _elsewhere = make_browser(user), make_browser(user, PHONE)

    page = here.get("/account/browsers/").content.decode()

    assert page.index("Firefox on Linux") < page.index("this browser") < page.index("Safari on iPhone")
    assert "127.0.0.1" in page
    assert "Chrome" not in page
    assert str(here.session.session_key) not in page


def test_one_is_signed_out_and_the_others_stay() -> None:
    user = make_user()
    here, there, third = make_browser(user), make_browser(user), make_browser(user)

    here.post(f"/account/browsers/{row_of(there).pk}/end")

    assert there.get("/account/profile/").status_code == 302
    assert here.get("/account/profile/").status_code == third.get("/account/profile/").status_code == 200
    assert AuditEntry.objects.get(action=AccountAction.BROWSER_ENDED).account == user


def test_all_others_are_signed_out() -> None:
    user, grace = make_user(), make_user("grace@example.com")
    here, there, third, hers = (make_browser(each) for each in (user, user, user, grace))

    here.post("/account/browsers/end-others")

    assert [each.get("/account/profile/").status_code for each in (here, there, third, hers)] == [200, 302, 302, 200]


def test_somebody_elses_is_answered_as_one_that_does_not_exist() -> None:
    here, hers = make_browser(make_user()), make_browser(make_user("grace@example.com"))

    assert here.post(f"/account/browsers/{row_of(hers).pk}/end").status_code == 404
    assert here.post(f"/account/browsers/{uuid.uuid4()}/end").status_code == 404
    assert hers.get("/account/profile/").status_code == 200
    assert not AuditEntry.objects.filter(action=AccountAction.BROWSER_ENDED).exists()


def test_signing_out_needs_a_post_with_a_csrf_token() -> None:
    user = make_user()
    there = make_browser(user)
    here = Client(enforce_csrf_checks=True)
    here.force_login(user)

    for path in (f"/account/browsers/{row_of(there).pk}/end", "/account/browsers/end-others"):
        assert here.get(path)["Location"] == "/account/browsers/"
        assert here.post(path).status_code == 403
    assert there.get("/account/profile/").status_code == 200


def test_a_changed_password_ends_what_is_listed_elsewhere() -> None:
    user = make_user()
    here, there = make_browser(user), make_browser(user)

    here.post("/account/password/change/", {"oldpassword": PASSWORD, "password1": "a-brand-new-password"})
    here.get("/account/")

    user.refresh_from_db()
    assert [row.session_id for row in live_browsers(user)] == [here.session.session_key]
    assert there.get("/account/profile/").status_code == 302


def test_a_session_from_before_a_password_that_staff_changed_is_not_listed() -> None:
    user = make_user()
    make_browser(user)
    user.set_password("another-password")
    user.save()

    assert live_browsers(user) == []


def test_what_was_signed_out_or_has_expired_is_not_listed() -> None:
    user = make_user()
    signed_out, _expired = make_browser(user), make_browser(user)
    signed_out.post("/account/logout/")
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))

    assert live_browsers(user) == []
    assert BrowserSession.objects.count() == 1


def test_a_browser_is_noted_once_a_minute_at_most() -> None:
    browser = make_browser(make_user())
    before = row_of(browser).last_seen_at
    browser.get("/account/")
    assert row_of(browser).last_seen_at == before
    BrowserSession.objects.update(last_seen_at=before - timedelta(minutes=2))

    browser.get("/account/", headers={"User-Agent": PHONE})

    assert row_of(browser).last_seen_at > before
    assert row_of(browser).user_agent == PHONE


def test_a_page_of_a_browser_that_was_just_noted_asks_for_session_and_person_only(
    django_assert_num_queries: Any,
) -> None:
    browser = make_browser(make_user())

    with django_assert_num_queries(2) as asked:
        browser.get("/")

    assert all(query["sql"].startswith("SELECT") for query in asked.captured_queries)
    BrowserSession.objects.update(last_seen_at=timezone.now() - timedelta(minutes=2))
    with CaptureQueriesContext(connection) as due:
        browser.get("/")
    written = [query["sql"] for query in due.captured_queries if query["sql"].startswith(("INSERT", "UPDATE"))]
    assert [BrowserSession._meta.db_table in sql for sql in written] == [True]


def test_noting_a_browser_writes_nothing_over_what_another_tab_wrote() -> None:
    """The session is stored whole: one that is read and saved around another's change undoes it."""
    browser = make_browser(make_user())
    BrowserSession.objects.update(last_seen_at=timezone.now() - timedelta(minutes=2))
    before = Session.objects.get().session_data

    browser.get("/")

    assert Session.objects.get().session_data == before


def test_signing_in_again_notes_the_browser_under_its_new_session() -> None:
    user = make_user()
    browser = make_browser(user)
    first = browser.session.session_key

    browser.post("/account/logout/")
    browser.post("/account/login/", {"login": user.email, "password": PASSWORD})

    assert row_of(browser).account == user
    assert browser.session.session_key != first


def test_a_page_that_asks_for_no_session_does_not_vary_by_cookie(client: Client) -> None:
    client.force_login(make_user())

    assert "Cookie" not in client.get("/mcp/jwks.json").headers.get("Vary", "")
    assert not BrowserSession.objects.exists()


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (FIREFOX, "Firefox on Linux"),
        (PHONE, "Safari on iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/126.0 Safari/537.36 Edg/126.0", "Edge on Windows"),
        ("curl/8.0", "Unknown browser"),
        ("", "Unknown browser"),
    ],
)
def test_a_browser_in_words(user_agent: str, words: str) -> None:
    assert describe_browser(user_agent) == words
