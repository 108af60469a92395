"""The audit log in the admin: read, never written (style: read-only)."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.audit import AccountAction, record_audit
from accounts.models import AuditEntry, User

pytestmark = pytest.mark.django_db


def test_the_audit_log_can_be_read_and_searched(client: Client, root: User) -> None:
    client.force_login(root)
    entry = record_audit(AccountAction.SIGNED_IN, actor=root, account=root, address="192.0.2.1")

    listed = client.get("/admin/accounts/auditentry/", {"q": root.subject}).content.decode()
    shown = client.get(f"/admin/accounts/auditentry/{entry.pk}/change/").content.decode()

    assert "account.user.signed_in" in listed
    assert "192.0.2.1" in shown
    assert 'name="_save"' not in shown
    assert "deletelink" not in shown


@pytest.mark.parametrize("path", ["add/", "{pk}/delete/"])
def test_the_audit_log_cannot_be_written(client: Client, root: User, path: str) -> None:
    client.force_login(root)
    entry = record_audit(AccountAction.SIGNED_IN, actor=root)

    response = client.post(f"/admin/accounts/auditentry/{path.format(pk=entry.pk)}", {"post": "yes"})

    assert response.status_code == 403
    assert AuditEntry.objects.get() == entry


def test_an_audit_row_cannot_be_changed(client: Client, root: User) -> None:
    client.force_login(root)
    entry = record_audit(AccountAction.SIGNED_IN, actor=root)

    response = client.post(f"/admin/accounts/auditentry/{entry.pk}/change/", {"action": "nothing.happened"})

    entry.refresh_from_db()
    assert response.status_code == 403
    assert entry.action == AccountAction.SIGNED_IN


def test_audit_rows_cannot_be_deleted_from_the_list(client: Client, root: User) -> None:
    client.force_login(root)
    entry = record_audit(AccountAction.SIGNED_IN, actor=root)

    client.post("/admin/accounts/auditentry/", {"action": "delete_selected", "_selected_action": [entry.pk]})

    assert AuditEntry.objects.get() == entry
