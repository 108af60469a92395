"""Staff change how somebody signs in: the person is told, it is audited, and nobody stays signed in."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail
from django.test import Client

from accounts.audit import AccountAction
from accounts.models import AuditEntry, User
from accounts.tests.builders import PASSWORD, make_user

pytestmark = pytest.mark.django_db(transaction=True)

CHOSEN = "staff-chose-this-77"


def signed_in(account: User) -> Client:
    """A browser of the account's."""
    browser = Client()
    browser.post("/account/login/", {"login": account.email, "password": PASSWORD})
    assert is_signed_in(browser)
    return browser


def is_signed_in(browser: Client) -> bool:
    return browser.get("/account/profile/").status_code == 200


@pytest.fixture
def root() -> User:
    """Staff who may do everything."""
    return make_user("root@example.com", is_staff=True, is_superuser=True)


def set_password(admin: Client, account: User, *, usable: bool = True) -> Any:
    """The admin's password page."""
    fields = {"usable_password": "true", "password1": CHOSEN, "password2": CHOSEN}
    form = fields if usable else {"usable_password": "false", "unset-password": "1"}
    return admin.post(f"/admin/accounts/user/{account.pk}/password/", form)


@pytest.mark.parametrize("usable", [True, False])
def test_a_password_that_staff_set_is_told_audited_and_ends_browsers(root: User, usable: bool) -> None:
    ada = make_user()
    admin, thief = signed_in(root), signed_in(ada)
    mail.outbox.clear()

    assert set_password(admin, ada, usable=usable).status_code == 302

    ada.refresh_from_db()
    assert (ada.has_usable_password(), ada.check_password(CHOSEN)) == (usable, usable)
    assert not is_signed_in(thief)
    [told] = mail.outbox
    assert told.to == [ada.email]
    assert ("another password" if usable else "removed the password") in told.body
    assert CHOSEN not in told.body
    row = AuditEntry.objects.get(action=AccountAction.PASSWORD_CHANGED)
    assert (row.actor, row.account, row.reason) == (root, ada, "staff")
    assert AuditEntry.objects.get(action=AccountAction.BROWSER_ENDED).actor == root
    assert is_signed_in(admin)


def test_a_password_that_is_refused_changes_nothing(root: User) -> None:
    ada = make_user()
    admin, browser = signed_in(root), signed_in(ada)
    mail.outbox.clear()

    fields = {"usable_password": "true", "password1": "12345678", "password2": "12345678"}
    assert admin.post(f"/admin/accounts/user/{ada.pk}/password/", fields).status_code == 200

    assert is_signed_in(browser)
    assert User.objects.get(pk=ada.pk).check_password(PASSWORD)
    assert not mail.outbox
    assert not AuditEntry.objects.filter(action=AccountAction.PASSWORD_CHANGED).exists()


def test_staff_who_set_their_own_stay_signed_in_here_and_nowhere_else(root: User) -> None:
    admin, elsewhere = signed_in(root), signed_in(root)

    set_password(admin, root)

    assert is_signed_in(admin)
    assert not is_signed_in(elsewhere)


def test_an_address_that_staff_changed_ends_browsers(root: User) -> None:
    ada = make_user()
    admin, thief = signed_in(root), signed_in(ada)

    fields = {"email": "new@example.com", "display_name": "", "is_active": "on"}
    assert admin.post(f"/admin/accounts/user/{ada.pk}/change/", fields).status_code == 302

    ada.refresh_from_db()
    assert ada.email == "new@example.com"
    assert not is_signed_in(thief)
    assert AuditEntry.objects.get(action=AccountAction.BROWSER_ENDED).actor == root
    assert is_signed_in(admin)


def test_another_change_ends_nothing(root: User) -> None:
    ada = make_user()
    admin, browser = signed_in(root), signed_in(ada)

    fields = {"email": ada.email, "display_name": "Ada", "is_active": "on"}
    admin.post(f"/admin/accounts/user/{ada.pk}/change/", fields)

    assert User.objects.get(pk=ada.pk).display_name == "Ada"
    assert is_signed_in(browser)
