"""What is done to the record of tool calls."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from mcp_bridge.models import ToolCall

INSERT_BATCH = 500
SWEEP_BATCH = 1000


class NotedCall(NamedTuple):
    """A tool call that is not written yet: the fields of its row."""

    called_at: datetime
    duration_ms: int
    tool: str
    outcome: str
    session_id: UUID
    client_id: str
    subject: str
    account_id: int | None
    request_id: str


def record_tool_calls(calls: Sequence[NotedCall]) -> None:
    """Write a row for each call, but for those of accounts that were deleted meanwhile.

    Raises:
        django.db.Error: nothing was written.
    """
    try:
        _insert(calls)
    except IntegrityError:
        # An account was deleted after we looked; now we see that it is gone.
        _insert(calls)


@transaction.atomic
def _insert(calls: Sequence[NotedCall]) -> None:
    wanted = {call.account_id for call in calls if call.account_id is not None}
    present = {None, *User.objects.filter(pk__in=wanted).values_list("pk", flat=True)}
    rows = [ToolCall(**call._asdict()) for call in calls if call.account_id in present]
    ToolCall.objects.bulk_create(rows, batch_size=INSERT_BATCH)


def sweep_tool_calls() -> dict[str, int]:
    """Delete the rows that are older than `DEXTER_TOOL_CALL_RETENTION`. Returns how many."""
    old = ToolCall.objects.filter(called_at__lt=timezone.now() - settings.DEXTER_TOOL_CALL_RETENTION)
    deleted = 0
    while keys := list(old.order_by("called_at").values_list("pk", flat=True)[:SWEEP_BATCH]):
        deleted += ToolCall.objects.filter(pk__in=keys).delete()[0]
    return {"tool_calls": deleted}
