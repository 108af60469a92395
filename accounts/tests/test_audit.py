"""`record_audit`: one row in the caller's transaction, and one log line."""

from __future__ import annotations

import pytest
import structlog
from django.db import transaction

from accounts.audit import AccountAction, record_audit
from accounts.models import AuditEntry
from accounts.tests.builders import make_user

pytestmark = pytest.mark.django_db


def test_a_row_holds_who_did_what_from_where() -> None:
    user = make_user()

    with structlog.contextvars.bound_contextvars(request_id="r-1"):
        record_audit(
            AccountAction.SIGNED_IN, actor=user, account=user, address="2001:db8::1", detail={"method": "code"}
        )

    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.account) == ("account.user.signed_in", user, user)
    assert (entry.address, entry.request_id, entry.detail) == ("2001:db8::1", "r-1", {"method": "code"})


def test_the_row_goes_with_the_transaction() -> None:
    with transaction.atomic():
        record_audit(AccountAction.SIGNED_IN)
        transaction.set_rollback(True)

    assert not AuditEntry.objects.exists()


def test_what_a_client_calls_itself_is_cut_to_the_column() -> None:
    record_audit(AccountAction.SIGNED_IN, client_id="x\x00" * 300)

    assert AuditEntry.objects.get().client_id.strip("x") == ""


def test_so_is_the_log_line() -> None:
    """Anybody may send 64 KiB of it to the token endpoint, and the log is kept for longer than the row."""
    with structlog.testing.capture_logs() as lines:
        record_audit(AccountAction.SIGNED_IN, client_id="x\x00" * 30_000)

    assert len(lines[0]["client_id"]) <= 255
    assert "\x00" not in lines[0]["client_id"]


@pytest.mark.parametrize("action", list(AccountAction))
def test_tags_read_noun_noun_past(action: AccountAction) -> None:
    assert action.startswith("account.")
    assert action.count(".") == 2
