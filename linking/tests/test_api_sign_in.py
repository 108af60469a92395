"""Who confirms through the API (design §7): the account that typed the code, in its session, signed in recently."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import User
from accounts.tests.builders import PASSWORD, make_guest, make_user
from accounts.tests.second_factors import code_of, make_app
from linking.models import AccountLink, LinkingCode
from linking.tests.browsing import grow_old, signed_in
from linking.tests.builders import make_linking_code
from linking.tests.calling import assert_nothing_was_linked, assert_problem, preview, send, verify

pytestmark = pytest.mark.django_db

VERIFY = "/api/link/verify"
KEPT = "linking_api_preview"


def test_switching_accounts_in_the_browser_forgets_the_preview(browser: Browser) -> None:
    row, code = make_linking_code()
    preview_id = preview(browser, code)
    browser.post("/account/logout/")
    make_user("grace@example.com")
    browser.post("/account/login/", {"login": "grace@example.com", "password": PASSWORD})

    assert_problem(verify(browser, preview_id), 400, "preview_unknown")
    assert_nothing_was_linked(row)


def test_a_preview_in_the_session_of_another_account_is_not_taken(browser: Browser) -> None:
    """Even if a session could keep its contents when somebody else signs in."""
    row, code = make_linking_code()
    preview_id = preview(browser, code)
    kept = browser.session[KEPT]
    browser.force_login(make_user("mallory@example.com"))
    session = browser.session
    session[KEPT] = kept
    session.save()

    for decline in (False, True):
        assert_problem(verify(browser, preview_id, decline=decline), 400, "preview_unknown")
    assert_nothing_was_linked(row)
    assert LinkingCode.objects.get().ended_at is None


@pytest.mark.parametrize("how", ["signed out", "ended elsewhere", "deactivated", "new password", "deleted"])
def test_whoever_is_not_signed_in_any_more_confirms_nothing(browser: Browser, account: User, how: str) -> None:
    row, code = make_linking_code()
    preview_id = preview(browser, code)
    match how:
        case "signed out":
            browser.post("/account/logout/")
        case "ended elsewhere":
            browser.session.delete()
        case "deactivated":
            User.objects.filter(pk=account.pk).update(is_active=False)
        case "new password":
            account.set_password("another horse, another battery")
            account.save()
        case "deleted":
            account.delete()

    assert_problem(verify(browser, preview_id), 403, "session_required")
    assert_problem(verify(browser, preview_id, decline=True), 403, "session_required")

    assert_nothing_was_linked(row)
    assert LinkingCode.objects.get().ended_at is None


def test_a_preview_is_not_there_any_more_after_signing_in_again(browser: Browser, account: User) -> None:
    row, code = make_linking_code()
    preview_id = preview(browser, code)
    browser.post("/account/logout/")
    browser.post("/account/login/", {"login": account.email, "password": PASSWORD})

    assert_problem(verify(browser, preview_id), 400, "preview_unknown")
    assert_nothing_was_linked(row)


def test_whoever_has_not_given_the_second_factor_yet_is_nobody(account: User) -> None:
    make_app(account)
    row, code = make_linking_code()
    browser = Browser()
    asked = browser.post("/account/login/", {"login": account.email, "password": PASSWORD})

    assert asked["Location"].startswith("/account/login/second-step/")
    assert_problem(send(browser, "/api/link/preview", {"code": code}), 403, "session_required")
    assert_problem(send(browser, "/api/link/generate"), 401, "unauthenticated")
    assert_nothing_was_linked(row)

    browser.post("/account/login/second-step/", {"code": code_of()})
    assert verify(browser, preview(browser, code)).status_code == 200


def test_a_guest_in_the_website_session_confirms_nothing(browser: Browser) -> None:
    row, code = make_linking_code()
    preview_id = preview(browser, code)
    kept = browser.session[KEPT]
    guest = make_guest()
    browser.force_login(guest)
    session = browser.session
    session[KEPT] = kept | {"account": guest.pk}
    session.save()

    assert_problem(verify(browser, preview_id), 403, "session_required")
    assert_nothing_was_linked(row)


@pytest.mark.parametrize("forged", [{}, {"X-CSRFToken": "a" * 32}, {"Origin": "https://evil.example.com"}])
def test_a_page_of_another_site_neither_confirms_nor_declines(account: User, forged: dict[str, str]) -> None:
    row, code = make_linking_code()
    browser = signed_in(account, enforce_csrf_checks=True)
    token = {"X-CSRFToken": browser.get("/api/link/status").json()["csrf_token"]}
    preview_id = send(browser, "/api/link/preview", {"code": code}, **token).json()["preview_id"]
    headers = token | forged if "Origin" in forged else forged

    for decline in (False, True):
        refused = send(browser, VERIFY, {"preview_id": preview_id, "decline": decline}, **headers)
        assert_problem(refused, 403, "csrf_failed")

    assert_nothing_was_linked(row)
    assert LinkingCode.objects.get().ended_at is None


# --- The age of the sign-in -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("minutes", "status"), [(14.8, 200), (15.1, 403), (60 * 24, 403)])
def test_fifteen_minutes_are_recent(browser: Browser, minutes: float, status: int) -> None:
    preview_id = preview(browser, make_linking_code()[1])
    grow_old(browser, timedelta(minutes=minutes))

    assert verify(browser, preview_id).status_code == status
    assert AccountLink.objects.exists() == (status == 200)


def test_a_session_without_any_record_is_as_old_as_the_account(browser: Browser) -> None:
    row, code = make_linking_code()
    preview_id = preview(browser, code)
    User.objects.update(date_joined=timezone.now() - timedelta(minutes=16))

    assert_problem(verify(browser, preview_id), 403, "sign_in_again")
    assert_nothing_was_linked(row)


def test_the_password_on_the_page_makes_the_same_preview_good_again_and_a_wrong_one_does_not(
    browser: Browser,
) -> None:
    row, code = make_linking_code()
    preview_id = preview(browser, code)
    grow_old(browser, timedelta(hours=1))

    browser.post("/account/reauthenticate/", {"password": "wrong"})
    assert_problem(verify(browser, preview_id), 403, "sign_in_again")
    assert_nothing_was_linked(row)

    browser.post("/account/reauthenticate/", {"password": PASSWORD})
    assert verify(browser, preview_id).status_code == 200


def test_a_sign_in_in_another_browser_does_not_make_this_one_recent(browser: Browser, account: User) -> None:
    row, code = make_linking_code()
    preview_id = preview(browser, code)
    grow_old(browser, timedelta(hours=1))

    Browser().post("/account/login/", {"login": account.email, "password": PASSWORD})

    assert_problem(verify(browser, preview_id), 403, "sign_in_again")
    assert_nothing_was_linked(row)


def test_an_old_sign_in_may_still_decline(browser: Browser) -> None:
    """Saying no is never made harder than saying yes."""
    row, code = make_linking_code()
    preview_id = preview(browser, code)
    grow_old(browser, timedelta(hours=1))

    assert verify(browser, preview_id, decline=True).json() == {"is_linked": False}
    row.refresh_from_db()
    assert row.ended_at is not None


def test_no_member_of_the_body_makes_a_sign_in_recent(browser: Browser) -> None:
    row, code = make_linking_code()
    preview_id = preview(browser, code)
    grow_old(browser, timedelta(hours=1))

    claimed = {"password": PASSWORD, "at": time.time(), "signed_in_at": time.time()}
    assert_problem(verify(browser, preview_id, **claimed), 403, "sign_in_again")
    assert_nothing_was_linked(row)


# --- Afterwards -------------------------------------------------------------------------------------------------------


def test_the_person_is_told_by_mail_and_in_the_answer_how_to_undo_it(
    browser: Browser, account: User, django_capture_on_commit_callbacks: Any
) -> None:
    preview_id = preview(browser, make_linking_code()[1])
    with django_capture_on_commit_callbacks(execute=True):
        confirmed = verify(browser, preview_id).json()

    [message] = mail.outbox
    assert message.to == [account.email]
    assert "/link/disown?token=" in message.body
    undone = Browser().post(confirmed["undo_url"].removeprefix("http://localhost:8000"))
    assert undone.status_code == 302
    assert not AccountLink.objects.exists()
