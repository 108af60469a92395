"""What is confirmed is what was shown (design §7): a connection added between question and answer is not joined.

Whoever phishes holds the browser that the code is from, and sees when it was typed.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client as Browser

from accounts.models import AuditEntry, User
from linking.audit import LinkingAction
from linking.models import AccountLink, LinkingCode
from linking.tests.browsing import answer_about, text_of, type_code
from linking.tests.builders import make_linking_code, make_offered_code
from linking.tests.calling import assert_problem, preview, send, verify
from oauth.models import Client, ConnectorSession
from oauth.tests.builders import make_client, make_session

pytestmark = pytest.mark.django_db

CHANGED = "Something changed while this page was open."
AUDITED = (LinkingAction.LINK_REFUSED, "changed_meanwhile")


def add_connection(session: ConnectorSession) -> None:
    """Another assistant is connected in the same browser, and may do more."""
    make_session(session.user, make_client(name="Thief"), scope="identity.read openid profile email")


def rename(session: ConnectorSession) -> None:
    """The assistant gives itself another name (RFC 7592 §2.2)."""
    Client.objects.filter(pk=session.client_id).update(name="Something else")


@pytest.fixture(params=["/link/confirm", "/link/code"])
def asked(request: pytest.FixtureRequest, browser: Browser, account: User) -> tuple[str, LinkingCode]:
    """A page that asks, and the code that it asks about."""
    if request.param == "/link/confirm":
        return request.param, type_code(browser)
    row, _code = make_offered_code(account, session=make_session())
    return request.param, row


@pytest.mark.parametrize("change", [add_connection, rename])
def test_what_changed_after_the_page_was_shown_is_shown_again(
    browser: Browser, account: User, asked: tuple[str, LinkingCode], change: Any
) -> None:
    path, row = asked
    seen = answer_about(row.pk)
    assert seen["stamp"] in text_of(browser.get(path))
    assert row.session is not None
    change(row.session)

    again = browser.post(path, seen)

    assert again.status_code == 409
    assert CHANGED in text_of(again)
    assert not AccountLink.objects.exists()
    entry = AuditEntry.objects.get(action=LinkingAction.LINK_REFUSED)
    assert (entry.action, entry.reason) == AUDITED
    # The code is not used up: whoever has looked again may decide.
    assert answer_about(row.pk)["stamp"] in text_of(again)
    assert browser.post(path, answer_about(row.pk))["Location"] == "/link/done"


def test_an_answer_without_what_was_shown_is_none(browser: Browser, asked: tuple[str, LinkingCode]) -> None:
    path, row = asked

    answer = browser.post(path, {"decision": "link", "code_id": str(row.pk)})

    assert answer.status_code == 409
    assert not AccountLink.objects.exists()


def test_not_me_needs_no_second_look(browser: Browser, asked: tuple[str, LinkingCode]) -> None:
    path, row = asked
    seen = answer_about(row.pk, "decline")
    assert row.session is not None
    add_connection(row.session)

    browser.post(path, seen)

    row.refresh_from_db()
    assert row.ended_at is not None


def test_the_api_confirms_what_it_previewed(browser: Browser) -> None:
    row, code = make_linking_code()
    assert row.session is not None
    seen = preview(browser, code)
    add_connection(row.session)

    assert_problem(verify(browser, seen), 409, "preview_outdated")

    assert not AccountLink.objects.exists()
    assert verify(browser, preview(browser, code)).status_code == 200


def test_the_api_confirms_of_an_own_code_what_it_showed(browser: Browser, account: User) -> None:
    row, _code = make_offered_code(account, session=make_session())
    assert row.session is not None
    seen = browser.get("/api/link/status").json()["offer"]["preview"]["preview_id"]
    add_connection(row.session)

    assert_problem(send(browser, "/api/link/verify", {"preview_id": seen}), 409, "preview_outdated")
    assert_problem(send(browser, "/api/link/verify", {"preview_id": str(row.pk)}), 409, "preview_outdated")

    assert not AccountLink.objects.exists()
