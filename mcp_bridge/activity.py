"""What assistants did in an account's name, for the person: calls of tools, in sentences and in the file of their data.

An assistant asks the same thing again and again, so the calls of one tool within an hour are one line.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.conf import settings
from django.db.models import BooleanField, Case, Count, Max, QuerySet, Value, When
from django.db.models.functions import TruncHour
from django.utils.translation import gettext, gettext_lazy, ngettext

from accounts.models import User
from linking.activity import Activity, assistant_names
from mcp_bridge.models import ToolCall
from mcp_bridge.tools import Tool, registered_tools

KIND = "tool_call"
# Of one account, the newest. There are more only after a flood, and no page or file should cost the site that much.
MOST_ON_PAGES = 20_000
MOST_IN_FILE = 50_000


class ToolCalls:
    """The calls of tools as a source of a person's history (`linking.history.Source`)."""

    kinds = {KIND: gettext_lazy("What assistants did")}

    @property
    def remark(self) -> str:
        """For how long it is kept."""
        days: int = settings.DEXTER_TOOL_CALL_RETENTION.days
        sentence = ngettext(
            "What assistants did is kept for a day.", "What assistants did is kept for %(count)d days.", days
        )
        return sentence % {"count": days}

    def count(self, account: User, *, kind: str = "", client_id: str = "") -> int:
        """How many lines there are."""
        return _lines(account, client_id).count()

    def newest(self, account: User, limit: int, *, kind: str = "", client_id: str = "") -> list[Activity]:
        """The newest lines."""
        lines = list(_lines(account, client_id)[:limit])
        names, tools = assistant_names(line["client_id"] for line in lines), registered_tools()
        return [
            Activity(
                at=line["last_called_at"],
                sentence=_sentence(line, assistant=names[line["client_id"]], tool=_title(line["tool"], tools)),
                address="",
                action=KIND,
                client_id=line["client_id"],
            )
            for line in lines
        ]

    def client_ids(self, account: User) -> Iterable[str]:
        """The assistants that called a tool."""
        rows = ToolCall.objects.filter(pk__in=_recent(account).values("pk"))
        return rows.order_by().values_list("client_id", flat=True).distinct()

    def export(self, account: User) -> dict[str, Any]:
        """Every call that is kept; of a flood the newest, and how many were left out."""
        rows = ToolCall.objects.filter(account=account)
        kept = list(rows[:MOST_IN_FILE])
        names = assistant_names(row.client_id for row in kept)
        return {
            "tool_calls": [
                {
                    "at": row.called_at,
                    "assistant": names[row.client_id],
                    "tool": row.tool,
                    "outcome": row.outcome,
                    "duration_ms": row.duration_ms,
                }
                for row in kept
            ],
            "older_tool_calls": max(0, rows.count() - MOST_IN_FILE),
        }


def _recent(account: User, client_id: str = "") -> QuerySet[ToolCall]:
    """The calls that pages look at."""
    calls = ToolCall.objects.filter(account=account)
    if client_id:
        calls = calls.filter(client_id=client_id)
    return calls.order_by("-called_at")[:MOST_ON_PAGES]


def _lines(account: User, client_id: str) -> QuerySet[Any, Any]:
    """One row for an assistant, a tool, an hour, and whether it went well; the one with the newest call first."""
    return (
        ToolCall.objects.filter(pk__in=_recent(account, client_id).values("pk"))
        .order_by()
        .annotate(
            hour=TruncHour("called_at"),
            went_well=Case(
                When(outcome=ToolCall.OK, then=Value(True)), default=Value(False), output_field=BooleanField()
            ),
        )
        .values("client_id", "tool", "hour", "went_well")
        .annotate(count=Count("pk"), last_called_at=Max("called_at"))
        .order_by("-last_called_at", "tool", "client_id", "went_well")
    )


def _sentence(line: dict[str, Any], *, assistant: str, tool: str) -> str:
    if line["went_well"]:
        sentence = ngettext(
            "%(assistant)s used “%(tool)s”.",
            "%(assistant)s used “%(tool)s” %(count)d times within an hour.",
            line["count"],
        )
    else:
        sentence = ngettext(
            "%(assistant)s tried to use “%(tool)s”, without success.",
            "%(assistant)s tried to use “%(tool)s” %(count)d times within an hour, without success.",
            line["count"],
        )
    return sentence % {"assistant": assistant, "tool": tool, "count": line["count"]}


def _title(name: str, tools: Mapping[str, Tool]) -> str:
    """What the tool is called, in the reader's language; the name of one that is gone."""
    return gettext(tools[name].title) if name in tools else name
