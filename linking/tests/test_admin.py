"""The admin of linking: read-only, digest prefixes, and *unlink*."""

from __future__ import annotations

import pytest
from django.test import Client as Browser

from accounts.models import AuditEntry, User
from accounts.tests.builders import make_counter, make_user
from linking.audit import LinkingAction
from linking.models import AccountLink
from linking.tests.builders import make_link, make_linking_code

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


def test_staff_without_the_permission_cannot_unlink() -> None:
    link = make_link()
    browser = Browser()
    browser.force_login(make_user("intern@example.com", is_staff=True))

    browser.post("/admin/linking/accountlink/", {"action": "unlink", "_selected_action": [str(link.pk)]})

    assert AccountLink.objects.get() == link
