"""What staff can and cannot do to people (style: actions call services)."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib import admin
from django.test import Client

from accounts.audit import AccountAction
from accounts.models import AuditEntry, User
from accounts.tests.builders import PASSWORD, make_guest, make_user

pytestmark = pytest.mark.django_db


def change(client: Client, user: User, **fields: Any) -> Any:
    """Post the change form of `user`."""
    form = {"email": user.email or "", "display_name": user.display_name, "is_active": "on", **fields}
    return client.post(f"/admin/accounts/user/{user.pk}/change/", {k: v for k, v in form.items() if v is not None})


def test_guests_and_accounts_are_listed_and_found_by_subject(client: Client, root: User) -> None:
    client.force_login(root)
    guest = make_guest()

    page = client.get("/admin/accounts/user/", {"q": guest.subject}).content.decode()

    assert f"guest {guest.subject}" in page
    assert "root@example.com</a>" not in page


@pytest.mark.parametrize("kind", ["account", "guest"])
def test_no_page_shows_a_password_hash(client: Client, root: User, kind: str) -> None:
    client.force_login(root)
    user = make_guest() if kind == "guest" else make_user()

    page = client.get(f"/admin/accounts/user/{user.pk}/change/").content.decode()

    assert user.password not in page
    assert user.subject in page
    assert 'name="subject"' not in page
    assert 'name="is_guest"' not in page


def test_a_guest_can_only_be_deactivated(client: Client, root: User) -> None:
    client.force_login(root)
    guest = make_guest()

    change(client, guest, is_active=None, email="taken@example.com", is_staff="on", is_superuser="on")

    guest.refresh_from_db()
    assert (guest.is_active, guest.email, guest.is_staff, guest.is_superuser) == (False, None, False, False)
    assert AuditEntry.objects.filter(action=AccountAction.DEACTIVATED, actor=root, account=guest).count() == 1


def test_a_new_address_is_unproven_and_the_old_one_opens_nothing(client: Client, root: User) -> None:
    client.force_login(root)
    user = make_user("ada@example.com")

    change(client, user, email="Ada@New.example")

    user.refresh_from_db()
    assert user.email == "ada@new.example"
    address = EmailAddress.objects.get(user=user)
    assert (address.email, address.verified) == ("ada@new.example", False)
    other = Client()
    other.post("/account/login/", {"login": "ada@example.com", "password": PASSWORD})
    assert "_auth_user_id" not in other.session
    assert AuditEntry.objects.filter(action=AccountAction.EMAIL_CHANGED, actor=root, account=user).exists()


def test_an_address_that_somebody_has_is_refused(client: Client, root: User) -> None:
    client.force_login(root)
    user = make_user("ada@example.com")

    response = change(client, user, email="ROOT@example.com")

    user.refresh_from_db()
    assert response.status_code == 200
    assert user.email == "ada@example.com"
    assert not AuditEntry.objects.exists()


def test_an_account_keeps_having_an_address(client: Client, root: User) -> None:
    client.force_login(root)
    user = make_user("ada@example.com")

    assert change(client, user, email="").status_code == 200

    user.refresh_from_db()
    assert user.email == "ada@example.com"


def test_a_new_account_signs_in_with_what_staff_gave_it(client: Client, root: User) -> None:
    client.force_login(root)

    response = client.post(
        "/admin/accounts/user/add/",
        {"email": "Bob@Example.com", "usable_password": "true", "password1": PASSWORD, "password2": PASSWORD},
    )

    bob = User.objects.get(email="bob@example.com")
    assert response.status_code == 302
    assert not bob.is_guest
    assert bob.check_password(PASSWORD)
    assert AuditEntry.objects.filter(action=AccountAction.STAFF_ADDED, actor=root, account=bob).exists()


def test_only_a_superuser_gives_out_rights(client: Client, staff: User) -> None:
    client.force_login(staff)
    user = make_user()

    response = change(client, user, is_staff="on", is_superuser="on", display_name="Ada L.")

    user.refresh_from_db()
    assert response.status_code == 302
    assert (user.display_name, user.is_staff, user.is_superuser) == ("Ada L.", False, False)


@pytest.mark.parametrize("is_superuser", [True, False])
def test_staff_cannot_touch_a_superuser_or_a_colleague(client: Client, staff: User, is_superuser: bool) -> None:
    """Whoever gave a colleague another password would have the colleague's permissions."""
    client.force_login(staff)
    other = make_user("other@example.com", is_staff=True, is_superuser=is_superuser)
    password = {"usable_password": "true", "password1": "new-password-1", "password2": "new-password-1"}

    change(client, other, email="mine@example.com")
    client.post(f"/admin/accounts/user/{other.pk}/password/", password)
    client.post(f"/admin/accounts/user/{other.pk}/delete/", {"post": "yes"})
    client.post("/admin/accounts/user/", {"action": "deactivate", "_selected_action": [other.pk]})

    other.refresh_from_db()
    assert (other.email, other.is_active) == ("other@example.com", True)
    assert other.check_password(PASSWORD)
    assert not AuditEntry.objects.exists()


def test_people_are_deactivated_and_activated_from_the_list(client: Client, staff: User) -> None:
    client.force_login(staff)
    people = [make_user("ada@example.com"), make_guest()]
    chosen = [person.pk for person in people]

    client.post("/admin/accounts/user/", {"action": "deactivate", "_selected_action": chosen})
    assert not User.objects.filter(pk__in=chosen, is_active=True).exists()
    client.post("/admin/accounts/user/", {"action": "activate", "_selected_action": chosen})

    assert User.objects.filter(pk__in=chosen, is_active=True).count() == 2
    assert AuditEntry.objects.filter(action=AccountAction.DEACTIVATED, actor=staff).count() == 2
    assert AuditEntry.objects.filter(action=AccountAction.ACTIVATED, actor=staff).count() == 2


def test_nobody_edits_allauths_address_rows_by_hand() -> None:
    assert not admin.site.is_registered(EmailAddress)
