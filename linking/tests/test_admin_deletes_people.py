"""Staff delete people: by the same rules as people themselves, and never the last who may look after the site."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client as Browser

from accounts.audit import AccountAction
from accounts.models import AuditEntry, User
from accounts.tests.builders import make_user
from linking.models import AccountLink
from linking.tests.builders import make_link
from oauth.models import ConnectorSession
from oauth.tests.builders import make_session

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/admin/accounts/user/"


@pytest.fixture
def root() -> User:
    """The only superuser."""
    return make_user("root@example.com", is_staff=True, is_superuser=True)


@pytest.fixture
def browser(root: User) -> Browser:
    """Their browser."""
    browser = Browser()
    browser.force_login(root)
    return browser


def delete(browser: Browser, person: User) -> Any:
    """Confirm the page that asks."""
    return browser.post(f"{LIST}{person.pk}/delete/", {"post": "yes"})


def test_an_account_with_connections_is_deleted_as_by_its_owner(
    browser: Browser, root: User, mailoutbox: list[Any]
) -> None:
    ada = make_user()
    make_session(user=ada)
    link = make_link(account=ada)
    browser.post(f"{LIST}{ada.pk}/change/", {"email": "ada@example.com", "display_name": "Ada", "is_active": "on"})

    asked = browser.get(f"{LIST}{ada.pk}/delete/")
    answer = delete(browser, ada)

    assert asked.status_code == 200
    assert answer["Location"] == LIST
    assert not User.objects.filter(pk=ada.pk).exists()
    assert not AccountLink.objects.exists()
    row = AuditEntry.objects.get(action=AccountAction.DELETED)
    assert (row.actor, row.detail) == (root, {"subject": ada.subject})
    ended = AuditEntry.objects.filter(action="oauth.session.ended")
    assert [(entry.actor, entry.reason) for entry in ended] == [(root, "deleted")]
    # The guest's connection acts for nobody now.
    assert ConnectorSession.objects.get() == link.session
    assert set(LogEntry.objects.values_list("object_repr", flat=True)) == {ada.subject}
    [mail] = [each for each in mailoutbox if "deleted" in each.subject]
    assert "The people who run Dexter have deleted your account." in mail.body


def test_a_linked_guest_is_deleted_with_its_link(browser: Browser, mailoutbox: list[Any]) -> None:
    ada = make_user()
    link = make_link(account=ada)

    delete(browser, link.user)

    assert not User.objects.filter(pk=link.user_id).exists()
    assert AuditEntry.objects.get(action="linking.link.removed").account == ada
    assert mailoutbox == []


def test_the_last_superuser_stays(browser: Browser, root: User) -> None:
    answer = browser.post(f"{LIST}{root.pk}/delete/", {"post": "yes"}, follow=True)

    assert "You are the only one who can manage this site." in answer.content.decode()
    assert User.objects.filter(pk=root.pk).exists()
    assert AuditEntry.objects.get(action=AccountAction.DELETION_REFUSED).account == root


def test_people_are_not_deleted_many_at_once(browser: Browser) -> None:
    people = [make_user(), make_user("bob@example.com")]

    browser.post(LIST, {"action": "delete_selected", "_selected_action": [each.pk for each in people], "post": "yes"})

    assert User.objects.filter(pk__in=[each.pk for each in people]).count() == 2


def test_whoever_may_not_delete_deletes_nobody(root: User) -> None:
    browser, ada = Browser(), make_user()
    browser.force_login(make_user("helper@example.com", is_staff=True))

    assert delete(browser, ada).status_code == 403
    assert User.objects.filter(pk=ada.pk).exists()
