"""Writing and sweeping the record of tool calls."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.models import User
from accounts.tests.builders import make_user
from mcp_bridge import services
from mcp_bridge.models import ToolCall
from mcp_bridge.services import NotedCall, record_tool_calls, sweep_tool_calls
from mcp_bridge.tasks import sweep
from mcp_bridge.tests.builders import make_tool_call


def note(account: User | None = None, **fields: Any) -> NotedCall:
    """A call to be written."""
    defaults: dict[str, Any] = {
        "called_at": timezone.now(),
        "duration_ms": 1,
        "tool": "auth_info",
        "outcome": "ok",
        "session_id": uuid4(),
        "client_id": "dxc_x",
        "subject": "user:x",
        "account_id": account.pk if account else None,
        "request_id": "",
    }
    return NotedCall(**defaults | fields)


def days_ago(days: int, **more: int) -> datetime:
    """A moment of the past."""
    return timezone.now() - timedelta(days=days, **more)


@pytest.mark.django_db
def test_many_rows_are_one_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "INSERT_BATCH", 2)
    notes = [*(note() for _ in range(4)), note(tool="")]

    with pytest.raises(IntegrityError), transaction.atomic():
        record_tool_calls(notes)
    assert not ToolCall.objects.exists()

    record_tool_calls(notes[:4])
    assert ToolCall.objects.count() == 4


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_an_account_that_is_deleted_while_we_write_costs_only_its_own_rows() -> None:
    leaver, stayer = make_user("ada@example.com"), make_user("grace@example.com")
    deleted: list[int] = []

    def delete_elsewhere() -> None:
        leaver.delete()
        connection.close()

    def delete_after_the_look(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        result = execute(sql, params, many, context)
        if "accounts_user" in sql and sql.startswith("SELECT") and not deleted:
            deleted.append(leaver.pk)
            thread = threading.Thread(target=delete_elsewhere)
            thread.start()
            thread.join()
        return result

    with connection.execute_wrapper(delete_after_the_look):
        record_tool_calls([note(leaver), note(stayer), note()])

    assert deleted
    assert [call.account for call in ToolCall.objects.order_by("pk")] == [stayer, None]


@pytest.mark.django_db
def test_what_is_older_than_the_setting_says_is_swept(settings: Any) -> None:
    settings.DEXTER_TOOL_CALL_RETENTION = timedelta(days=30)
    make_tool_call(called_at=days_ago(30, minutes=1))
    kept = make_tool_call(called_at=days_ago(29, hours=23))

    assert sweep_tool_calls() == {"tool_calls": 1}

    assert list(ToolCall.objects.all()) == [kept]


@pytest.mark.django_db
def test_ninety_days_unless_told_otherwise() -> None:
    make_tool_call(called_at=days_ago(89))
    make_tool_call(called_at=days_ago(90, minutes=1))

    assert sweep_tool_calls() == {"tool_calls": 1}


@pytest.mark.django_db
def test_more_rows_than_a_batch_are_all_swept_and_the_task_may_run_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "SWEEP_BATCH", 2)
    for _ in range(5):
        make_tool_call(called_at=days_ago(91))

    assert sweep.delay().get() == {"tool_calls": 5}
    assert sweep.delay().get() == {"tool_calls": 0}
