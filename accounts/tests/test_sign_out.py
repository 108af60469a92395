"""Sign out of the website; assistants stay connected."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.audit import AccountAction
from accounts.models import AuditEntry
from accounts.tests.builders import make_user

pytestmark = pytest.mark.django_db


def test_signing_out_ends_the_session_everywhere_it_was_copied_to(client: Client) -> None:
    user = make_user()
    client.force_login(user)
    copied = str(client.session.session_key)

    response = client.post("/account/logout/")

    assert response["Location"] == "/"
    assert not client.session.exists(copied)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.account) == (AccountAction.SIGNED_OUT, user)


def test_a_link_alone_signs_nobody_out(client: Client) -> None:
    client.force_login(make_user())

    response = client.get("/account/logout/")

    assert response.status_code == 200
    assert "_auth_user_id" in client.session
    assert not AuditEntry.objects.exists()


def test_a_form_from_another_site_signs_nobody_out() -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_user())

    assert client.post("/account/logout/").status_code == 403
    assert "_auth_user_id" in client.session


def test_signing_out_signed_out_changes_nothing(client: Client) -> None:
    response = client.post("/account/logout/", {"next": "//evil.example"})

    assert response["Location"] == "/"
    assert not AuditEntry.objects.exists()


def test_signing_out_of_the_admin_is_audited_too(client: Client) -> None:
    user = make_user(is_staff=True)
    client.force_login(user)

    client.post("/admin/logout/")

    assert AuditEntry.objects.get().account == user
