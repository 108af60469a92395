"""What assistants did, as the person sees it: on `/account/activity/` and in the file with their data."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client as Browser

from accounts.audit import AccountAction, record_audit
from accounts.models import AuditEntry, User
from accounts.tests.builders import make_guest, make_user
from linking.history import History
from linking.tests.builders import make_link
from mcp_bridge import activity
from mcp_bridge.models import ToolCall
from mcp_bridge.tests.builders import make_tool_call
from oauth.models import ConnectorSession
from oauth.tests.builders import make_client, make_session

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def ada() -> User:
    """Ada."""
    return make_user()


@pytest.fixture
def browser(ada: User) -> Browser:
    """A browser in which she is signed in."""
    browser = Browser()
    browser.force_login(ada)
    return browser


@pytest.fixture
def cursor(ada: User) -> ConnectorSession:
    """Her connection with an assistant."""
    return make_session(user=ada, client=make_client(name="Cursor"))


def lines_of(browser: Browser, **query: Any) -> list[str]:
    """The sentences on the page, from the top."""
    page = browser.get("/account/activity/", query).content.decode()
    return [unescape(line.strip()) for line in re.findall(r"<li>\s*(.+?)\s*<div", page.partition("<ol")[2], re.DOTALL)]


def test_a_call_is_told_by_the_names_that_people_know(browser: Browser, cursor: ConnectorSession) -> None:
    make_tool_call(cursor, tool="get_linked_dexter_account")

    assert lines_of(browser, kind="tool_call") == ["Cursor used “Show the linked account”."]


def test_a_tool_that_is_gone_keeps_its_name_and_an_assistant_that_is_gone_says_so(
    browser: Browser, cursor: ConnectorSession
) -> None:
    make_tool_call(cursor, tool="read_the_stars")
    cursor.client.delete()

    assert lines_of(browser, kind="tool_call") == ["an assistant that is gone used “read_the_stars”."]


def test_what_did_not_work_is_told_without_its_code(browser: Browser, cursor: ConnectorSession) -> None:
    make_tool_call(cursor, outcome="insufficient_scope")

    assert lines_of(browser, kind="tool_call") == ["Cursor tried to use “Who am I speaking for”, without success."]


def test_a_chatty_assistant_buries_nothing(browser: Browser, ada: User, cursor: ConnectorSession) -> None:
    for minute in range(40):
        make_tool_call(cursor, tool="check_dexter_account_link", called_at=NOON + timedelta(minutes=minute))
    make_tool_call(cursor, called_at=NOON + timedelta(minutes=1))
    for _ in range(2):
        make_tool_call(cursor, outcome="internal_error", called_at=NOON + timedelta(minutes=50))
    make_tool_call(cursor, tool="check_dexter_account_link", called_at=NOON + timedelta(minutes=70))
    record_audit(AccountAction.SIGNED_IN, actor=ada, account=ada)
    AuditEntry.objects.filter(action=AccountAction.SIGNED_IN).update(created_at=NOON + timedelta(minutes=20))

    assert lines_of(browser) == [
        "Cursor used “Check the account link”.",
        "Cursor tried to use “Who am I speaking for” 2 times within an hour, without success.",
        "Cursor used “Check the account link” 40 times within an hour.",
        "You signed in.",
        "Cursor used “Who am I speaking for”.",
    ]


def test_the_page_says_for_how_long_it_is_kept(browser: Browser, settings: Any) -> None:
    settings.DEXTER_TOOL_CALL_RETENTION = timedelta(days=7)
    assert "What assistants did is kept for 7 days." in browser.get("/account/activity/").content.decode()


def test_two_assistants_are_two_lines(browser: Browser, ada: User, cursor: ConnectorSession) -> None:
    other = make_session(user=ada, client=make_client(name="ChatGPT"))
    for session in (cursor, other, cursor):
        make_tool_call(session, called_at=NOON)

    assert sorted(lines_of(browser, kind="tool_call")) == [
        "ChatGPT used “Who am I speaking for”.",
        "Cursor used “Who am I speaking for” 2 times within an hour.",
    ]


def test_it_is_narrowed_to_a_kind_and_to_an_assistant(browser: Browser, ada: User, cursor: ConnectorSession) -> None:
    other = make_session(user=ada, client=make_client(name="ChatGPT"))
    make_tool_call(cursor)
    make_tool_call(other, tool="get_dexter_profile")
    record_audit(AccountAction.SIGNED_IN, actor=ada, account=ada)

    assert lines_of(browser, kind="sign_in") == ["You signed in."]
    assert lines_of(browser, kind="assistant") == []
    assert lines_of(browser, assistant=other.client.client_id) == ["ChatGPT used “Profile”."]
    assert lines_of(browser, assistant=cursor.client.client_id, kind="sign_in") == []
    assert "What assistants did" in browser.get("/account/activity/").content.decode()


def test_nobody_elses_calls_are_there(browser: Browser, ada: User, cursor: ConnectorSession) -> None:
    grace = make_user("grace@example.com")
    hers = make_session(user=grace, client=make_client(name="Hers"))
    make_tool_call(hers)
    # Before the link the guest acted for nobody; before that, for Grace.
    guest = make_session(user=make_guest(), client=make_client(name="Guest's"))
    make_tool_call(guest)
    make_tool_call(guest, account=grace)
    make_link(account=ada, session=guest)

    assert lines_of(browser) == []
    assert lines_of(browser, assistant=hers.client.client_id) == []
    assert "Hers" not in browser.get("/account/activity/").content.decode()
    make_tool_call(guest, account=ada)
    assert lines_of(browser) == ["Guest's used “Who am I speaking for”."]


def test_it_comes_in_pages_with_everything_else(browser: Browser, ada: User, cursor: ConnectorSession) -> None:
    for hour in range(30):
        make_tool_call(cursor, called_at=NOON + timedelta(hours=2 * hour))
        entry = record_audit(AccountAction.SIGNED_IN, actor=ada, account=ada)
        AuditEntry.objects.filter(pk=entry.pk).update(created_at=NOON + timedelta(hours=2 * hour + 1))

    pages = [lines_of(browser, page=number) for number in (1, 2, 3)]

    assert [len(page) for page in pages] == [25, 25, 10]
    assert [line for page in pages for line in page] == ["You signed in.", "Cursor used “Who am I speaking for”."] * 30


def test_the_history_is_a_sequence(ada: User, cursor: ConnectorSession) -> None:
    for hour in range(3):
        make_tool_call(cursor, called_at=NOON + timedelta(hours=hour))

    history = History(ada)

    assert len(history) == len(list(history)) == 3
    assert [line.at.hour for line in history] == [14, 13, 12]
    assert [history[1], history[-1]] == [*history[1:2], *history[2:]]


def test_an_assistants_name_cannot_write_html(browser: Browser, ada: User) -> None:
    make_tool_call(make_session(user=ada, client=make_client(name="<b>x</b> %(tool)s")), tool="<i>x</i>")

    page = browser.get("/account/activity/").content.decode()

    assert "<b>x" not in page and "<i>x" not in page
    assert "&lt;b&gt;x&lt;/b&gt; %(tool)s used “&lt;i&gt;x&lt;/i&gt;”." in page


def test_it_is_told_in_german(browser: Browser, cursor: ConnectorSession) -> None:
    make_tool_call(cursor, tool="get_linked_dexter_account", called_at=NOON)
    for _ in range(3):
        make_tool_call(cursor, tool="get_dexter_profile", outcome="not_linked", called_at=NOON - timedelta(hours=1))

    browser.defaults["HTTP_ACCEPT_LANGUAGE"] = "de"

    assert lines_of(browser, kind="tool_call") == [
        "Ein Assistent hat „Das verknüpfte Konto zeigen“ benutzt: Cursor.",
        "Ein Assistent hat innerhalb einer Stunde 3-mal vergeblich versucht, „Profil“ zu benutzen: Cursor.",
    ]


@pytest.mark.django_db(transaction=True)
def test_the_file_with_ones_data_has_every_call(browser: Browser, ada: User, cursor: ConnectorSession) -> None:
    for minute in (2, 1):
        make_tool_call(cursor, called_at=NOON + timedelta(minutes=minute), duration_ms=minute)
    make_tool_call(make_session(user=make_user("grace@example.com"), client=make_client(name="Hers")), tool="hers")

    file = browser.post("/account/data/download").json()

    assert [call["at"] for call in file["tool_calls"]] == ["2026-03-01T12:02:00Z", "2026-03-01T12:01:00Z"]
    assert file["tool_calls"][0] == {
        "at": "2026-03-01T12:02:00Z",
        "assistant": "Cursor",
        "tool": "auth_info",
        "outcome": "ok",
        "duration_ms": 2,
    }
    assert file["older_tool_calls"] == 0
    assert "Hers" not in str(file) and "hers" not in str(file)
    assert file["activity"][0]["action"] == AccountAction.DATA_EXPORTED


def test_a_flood_costs_the_page_and_the_file_no_more_than_so_much(
    monkeypatch: pytest.MonkeyPatch, browser: Browser, cursor: ConnectorSession
) -> None:
    monkeypatch.setattr(activity, "MOST_ON_PAGES", 2)
    monkeypatch.setattr(activity, "MOST_IN_FILE", 3)
    for minute in range(5):
        make_tool_call(cursor, called_at=NOON + timedelta(minutes=minute))

    assert lines_of(browser) == ["Cursor used “Who am I speaking for” 2 times within an hour."]
    file = browser.post("/account/data/download").json()
    assert (len(file["tool_calls"]), file["older_tool_calls"]) == (3, 2)


@pytest.mark.django_db(transaction=True)
def test_deleting_an_account_deletes_what_was_done_for_it(
    browser: Browser, ada: User, cursor: ConnectorSession
) -> None:
    guest = make_link(account=ada).session
    assert guest is not None
    make_tool_call(cursor)
    make_tool_call(guest, account=ada)
    before_the_link = make_tool_call(guest, account=None)
    hers = make_tool_call(make_session(user=make_user("grace@example.com")))
    subject = ada.subject

    browser.post("/account/delete/", {"agreed": "yes"})

    assert not User.objects.filter(subject=subject).exists()
    assert set(ToolCall.objects.all()) == {before_the_link, hers}
    assert subject not in str(list(ToolCall.objects.values()))


def test_calls_in_an_accounts_name_outlive_a_guest_who_is_gone(browser: Browser, ada: User) -> None:
    session = make_session(user=make_guest(), client=make_client(name="Cursor"))
    make_tool_call(session, account=ada)
    session.user.delete()

    assert lines_of(browser) == ["Cursor used “Who am I speaking for”."]
