"""What is written down about requests, after them and in batches: tool calls, and when a session was last used.

A request leaves a note in a buffer and goes on; it neither waits for the database nor fails with it (design §9). What
cannot be kept is dropped, and the log says how much: the buffer was full, one session made far more calls than an
assistant does, or the database was away.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db import Error as DatabaseError
from django.utils import timezone

from mcp_bridge.database import run_in_database_thread
from mcp_bridge.models import OUTCOME_LENGTH, TOOL_LENGTH
from mcp_bridge.services import NotedCall, record_tool_calls
from oauth.bearer import Principal
from oauth.models import ConnectorSession
from oauth.services import touch_session

log = structlog.get_logger(__name__)

FLUSH_SECONDS = 1.0
# How much may wait to be written: a few megabytes.
CAPACITY = 5_000
# Of one session between two flushes, for each tool and each way to end: one that floods the server fills neither the
# buffer nor the database, and hides neither what others do nor what else it does itself.
SHARE = 100
# A session's "last used" is for people to read; it need not be written on every call.
TOUCH_INTERVAL = timedelta(minutes=1)


@dataclass
class _Notes:
    """What waits to be written. Only the thread of the event loop touches it."""

    calls: list[NotedCall] = field(default_factory=list)
    alike: Counter[tuple[UUID, str, str]] = field(default_factory=Counter)
    uses: dict[UUID, tuple[ConnectorSession, datetime]] = field(default_factory=dict)
    dropped: Counter[str] = field(default_factory=Counter)


_notes = _Notes()


def note_tool_call(principal: Principal, *, tool: str, outcome: str, called_at: datetime, duration_ms: int = 0) -> None:
    """Remember a call of a tool that we have; `outcome` is `ToolCall.OK` or the code of a tool error."""
    session_id = principal.session.pk
    alike = (session_id, tool, outcome)
    if len(_notes.calls) >= CAPACITY:
        _notes.dropped["buffer_full"] += 1
        return
    if _notes.alike[alike] >= SHARE:
        _notes.dropped["session_floods"] += 1
        return
    _notes.alike[alike] += 1
    _notes.calls.append(
        NotedCall(
            called_at=called_at,
            duration_ms=duration_ms,
            tool=tool[:TOOL_LENGTH],
            outcome=outcome[:OUTCOME_LENGTH],
            session_id=session_id,
            client_id=principal.client.client_id,
            subject=principal.subject,
            account_id=principal.account.pk if principal.account else None,
            request_id=str(structlog.contextvars.get_contextvars().get("request_id", "")),
        )
    )


def note_use(session: ConnectorSession) -> None:
    """Remember that a session was used, unless that was noted less than a minute ago."""
    now = timezone.now()
    if session.last_used_at is None or now - session.last_used_at >= TOUCH_INTERVAL:
        _notes.uses[session.pk] = (session, now)


@asynccontextmanager
async def keeping_books() -> AsyncIterator[None]:
    """Write what was noted, every second while the block runs, and the rest at its end."""
    stop = asyncio.Event()
    writer = asyncio.create_task(_write_until(stop))
    try:
        yield
    finally:
        stop.set()
        await writer
        await flush()


async def flush() -> None:
    """Write what was noted so far. Nothing that goes wrong here concerns anybody's request."""
    global _notes
    notes, _notes = _notes, _Notes()
    for reason, count in notes.dropped.items():
        log.warning("mcp.tool_calls.dropped", reason=reason, count=count)
    if not notes.calls and not notes.uses:
        return
    try:
        await run_in_database_thread(_write, notes)
    except Exception:
        log.exception("mcp.bookkeeping.crashed", calls=len(notes.calls), uses=len(notes.uses))


async def _write_until(stop: asyncio.Event) -> None:
    while not stop.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), FLUSH_SECONDS)
        await flush()


def _write(notes: _Notes) -> None:
    try:
        if notes.calls:
            record_tool_calls(notes.calls)
    except DatabaseError as error:
        log.warning("mcp.tool_calls.dropped", reason=type(error).__name__, count=len(notes.calls))
    try:
        for session, used_at in notes.uses.values():
            touch_session(session=session, used_at=used_at)
    except DatabaseError as error:
        log.warning("mcp.sessions.touch_failed", reason=type(error).__name__, count=len(notes.uses))
