"""Second factors that somebody lost, and staff take away."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Permission
from django.test import Client

from accounts.audit import AccountAction
from accounts.models import AuditEntry, User
from accounts.tests.builders import make_user
from accounts.tests.mails import as_read, html_of
from accounts.tests.second_factors import SECRET, make_app

pytestmark = pytest.mark.django_db


def remove_factors(client: Client, *people: User) -> Any:
    """Choose them in the list, and the action."""
    form = {"action": "remove_second_factors", "_selected_action": [person.pk for person in people]}
    return client.post("/admin/accounts/user/", form, follow=True)


def test_staff_remove_lost_second_factors_and_their_owner_is_told(
    client: Client, staff: User, mailoutbox: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    ada, grace = make_user(), make_user("grace@example.com")
    make_app(ada)
    Authenticator.objects.create(user=ada, type=Authenticator.Type.RECOVERY_CODES, data={})
    make_app(grace)
    client.force_login(staff)

    with django_capture_on_commit_callbacks(execute=True):
        response = remove_factors(client, ada, make_user("mary@example.com"))

    assert "1 person changed." in response.content.decode()
    assert [row.user for row in Authenticator.objects.all()] == [grace]
    rows = AuditEntry.objects.filter(action=AccountAction.FACTOR_REMOVED)
    assert {(row.actor, row.account, row.detail["type"]) for row in rows} == {
        (staff, ada, "totp"),
        (staff, ada, "recovery_codes"),
    }
    [message] = mailoutbox
    assert message.to == ["ada@example.com"]
    assert message.subject == "Your Dexter account asks for no second step any more"
    assert "staff@example.com" not in as_read(message.body + html_of(message))
    assert SECRET not in str(list(AuditEntry.objects.values()))


def test_staff_cannot_remove_the_second_factors_of_a_colleague(
    client: Client, staff: User, root: User, mailoutbox: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    make_app(root)
    client.force_login(staff)

    with django_capture_on_commit_callbacks(execute=True):
        response = remove_factors(client, root)

    assert "0 people changed." in response.content.decode()
    assert Authenticator.objects.filter(user=root).exists()
    assert not AuditEntry.objects.filter(action=AccountAction.FACTOR_REMOVED).exists()
    assert not mailoutbox


def test_who_may_only_look_at_people_removes_nothing(client: Client) -> None:
    viewer, ada = make_user("viewer@example.com", is_staff=True), make_user()
    viewer.user_permissions.set(Permission.objects.filter(codename="view_user"))
    make_app(ada)
    client.force_login(viewer)

    remove_factors(client, ada)

    assert Authenticator.objects.filter(user=ada).exists()
    assert not AuditEntry.objects.filter(action=AccountAction.FACTOR_REMOVED).exists()
