"""The admin of linking: read-only, digest prefixes, and *unlink*."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client as Browser

from accounts.models import AuditEntry, User
from accounts.tests.builders import make_counter, make_user
from linking.audit import LinkingAction
from linking.models import AccountLink
from linking.tests.builders import make_link, make_linking_code
from oauth.tests.builders import make_client, make_session

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff() -> User:
    """Somebody who may do everything."""
    return make_user("staff@example.com", is_staff=True, is_superuser=True)


@pytest.fixture
def browser(staff: User) -> Browser:
    """Their browser."""
    browser = Browser()
    browser.force_login(staff)
    return browser


def test_a_code_is_shown_by_the_beginning_of_its_digest_only(browser: Browser) -> None:
    row, code = make_linking_code()

    for page in ("/admin/linking/linkingcode/", f"/admin/linking/linkingcode/{row.pk}/change/"):
        response = browser.get(page)
        assert response.status_code == 200
        shown = response.content.decode()
        assert row.code_digest[:8] in shown
        assert row.code_digest[:12] not in shown
        assert code not in shown


def test_nothing_can_be_added_changed_or_deleted(browser: Browser) -> None:
    row, _ = make_linking_code()
    link = make_link()
    counter = make_counter("guess:account:1")

    rows = {"linking/linkingcode": row.pk, "linking/accountlink": link.pk, "accounts/counter": counter.pk}
    for model, key in rows.items():
        assert browser.get(f"/admin/{model}/").status_code == 200
        assert browser.get(f"/admin/{model}/add/").status_code == 403
        assert browser.post(f"/admin/{model}/{key}/change/", {}).status_code == 403
        assert browser.post(f"/admin/{model}/{key}/delete/", {"post": "yes"}).status_code == 403
    assert AccountLink.objects.get() == link


def test_unlink_removes_the_link_and_names_the_staff_member(browser: Browser, staff: User) -> None:
    link = make_link()

    browser.post("/admin/linking/accountlink/", {"action": "unlink", "_selected_action": [str(link.pk)]})

    assert not AccountLink.objects.exists()
    audited = AuditEntry.objects.get(action=LinkingAction.LINK_REMOVED)
    assert (audited.actor, audited.account) == (staff, link.account)


@pytest.mark.django_db(transaction=True)
def test_each_person_is_told_once_what_staff_unlinked(browser: Browser, mailoutbox: list[Any]) -> None:
    ada, grace = make_user(), make_user("grace@example.com")
    sessions = [make_session(client=make_client(name=name)) for name in ("Cursor", "ChatGPT", "Codex")]
    links = [make_link(account, session) for account, session in zip((ada, ada, grace), sessions, strict=True)]
    kept = make_link(ada)
    pressed = {"action": "unlink", "_selected_action": [str(link.pk) for link in links]}

    for _ in range(2):
        browser.post("/admin/linking/accountlink/", pressed)

    told = {message.to[0]: message for message in mailoutbox}
    assert len(mailoutbox) == 2 and AccountLink.objects.get() == kept
    assert told["ada@example.com"].subject == "An assistant was unlinked from your Dexter account"
    hers, theirs = told["ada@example.com"].body, told["grace@example.com"].body
    assert "- Cursor. It goes to " in hers and "- ChatGPT. It goes to " in hers
    assert "Codex" in theirs and "Cursor" not in theirs
    assert "staff@example.com" not in hers


@pytest.mark.django_db(transaction=True)
def test_an_assistant_that_is_gone_is_unlinked_and_told_of(browser: Browser, mailoutbox: list[Any]) -> None:
    link = make_link()
    AccountLink.objects.update(session=None)

    browser.post("/admin/linking/accountlink/", {"action": "unlink", "_selected_action": [str(link.pk)]})

    assert "- An assistant that is gone" in mailoutbox[0].body


def test_staff_without_the_permission_cannot_unlink() -> None:
    link = make_link()
    browser = Browser()
    browser.force_login(make_user("intern@example.com", is_staff=True))

    browser.post("/admin/linking/accountlink/", {"action": "unlink", "_selected_action": [str(link.pk)]})

    assert AccountLink.objects.get() == link
