"""`/account/activity/` after a flood: no page reads all there is, and nothing that happened is pushed off the pages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

from accounts.audit import AccountAction, record_audit
from accounts.models import AuditEntry, User
from accounts.tests.builders import make_user
from linking import history
from linking.audit import LinkingAction
from linking.history import History
from oauth.audit import OAuthAction
from oauth.tests.builders import make_client

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)


def page_of(browser: Browser, **query: Any) -> str:
    """The page."""
    return str(browser.get("/account/activity/", query).content.decode())


def guess_while_locked(account: User, *, count: int, at: datetime = NOON, **fields: Any) -> None:
    """Type codes that were not looked at."""
    for number in range(count):
        fields = {"reason": "account_locked", "address": "192.0.2.1"} | fields
        row = record_audit(LinkingAction.GUESS_REFUSED, actor=account, account=account, **fields)
        AuditEntry.objects.filter(pk=row.pk).update(created_at=at + timedelta(seconds=number))


# --- Guesses while locked ---------------------------------------------------------------------------------------------


def test_guesses_while_locked_are_one_line_for_an_hour_and_an_address(browser: Browser, account: User) -> None:
    record_audit(AccountAction.SIGNED_IN, actor=account, account=account)
    guess_while_locked(account, count=30)
    guess_while_locked(account, count=1, at=NOON + timedelta(hours=1), reason="address_locked")
    guess_while_locked(account, count=2, address="192.0.2.2")

    lines = [(line.sentence, line.address) for line in History(account)]

    many = "%d codes were typed within an hour while typing codes was locked. They were not looked at."
    assert lines == [
        ("You signed in.", ""),
        ("A code was typed while typing codes was locked. It was not looked at.", "192.0.2.1"),
        (many % 30, "192.0.2.1"),
        (many % 2, "192.0.2.2"),
    ]
    assert many % 30 in page_of(browser) and "Page 1" not in page_of(browser)
    assert many % 30 in page_of(browser, kind="assistant")
    assert many % 30 not in page_of(browser, kind="sign_in")


def test_a_guess_that_counted_is_a_line_of_its_own(account: User) -> None:
    guess_while_locked(account, count=2, reason="unknown")

    assert [line.sentence for line in History(account)] == ["A code was typed that does not work."] * 2


def test_they_are_of_no_assistant_and_of_nobody_else(browser: Browser, account: User) -> None:
    client = make_client(name="Cursor")
    record_audit(OAuthAction.SESSION_CONNECTED, account=account, client_id=client.client_id)
    guess_while_locked(account, count=2)
    guess_while_locked(make_user("grace@example.com"), count=3)

    assert [line.sentence for line in History(account, client_id=client.client_id)] == ["Cursor connected."]
    assert len(History(account)) == 2


# --- Bounds -----------------------------------------------------------------------------------------------------------


def test_the_last_page_is_not_further_back_than_the_bound(
    browser: Browser, account: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "MOST_LINES", 50)
    record_audit(AccountAction.PASSWORD_CHANGED, account=account)
    for _ in range(50):
        record_audit(AccountAction.PROFILE_CHANGED, account=account)

    first, last = page_of(browser), page_of(browser, page="99")

    assert "Page 1 of 2" in first and "go back" not in first
    assert "Page 2 of 2" in last and last.count("<time") == 25
    assert "These pages go back 50 lines." in last and 'href="/account/data/"' in last
    assert "The password was changed." not in last


def test_a_history_that_is_shown_whole_does_not_speak_of_bounds(
    browser: Browser, account: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "MOST_LINES", 30)
    for _ in range(30):
        record_audit(AccountAction.PROFILE_CHANGED, account=account)

    assert "These pages go back" not in page_of(browser, page="2")


def test_no_more_rows_are_read_than_are_shown(account: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("linking.locked_guesses.MOST_ON_PAGES", 3)
    monkeypatch.setattr("linking.activity.MOST_ON_PAGES", 4)
    guess_while_locked(account, count=9, at=timezone.now())
    for _ in range(9):
        record_audit(AccountAction.PROFILE_CHANGED, account=account)

    assert len(History(account)) == 4 + 1
    assert "3 codes were typed" in next(line.sentence for line in History(account) if line.action.startswith("linking"))
