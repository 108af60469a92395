"""Codes that were typed while typing was locked, as people see them: those of an hour are one line.

Each is an audit row of its own, and nothing keeps anybody from typing on. As lines they would push everything else off
the pages of the history.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Count, Max, QuerySet
from django.db.models.functions import TruncHour
from django.utils.translation import ngettext

from accounts.models import AuditEntry, User
from linking.activity import KINDS, MOST_IN_FILE, Activity
from linking.audit import WHILE_LOCKED, LinkingAction

KIND = "assistant"
# The newest of them; every page sums these up anew.
MOST_ON_PAGES = 5_000


class LockedGuesses:
    """Codes typed while locked, as a source of a person's history (`linking.history.Source`)."""

    kinds = {KIND: KINDS[KIND]}
    remark = ""

    def count(self, account: User, *, kind: str = "", client_id: str = "") -> int:
        """How many lines there are; they are of no assistant."""
        return 0 if client_id else _lines(account, MOST_ON_PAGES).count()

    def newest(self, account: User, limit: int, *, kind: str = "", client_id: str = "") -> list[Activity]:
        """The newest lines."""
        return [] if client_id else [_in_words(line) for line in _lines(account, MOST_ON_PAGES)[:limit]]

    def client_ids(self, account: User) -> Iterable[str]:
        """None."""
        return []

    def export(self, account: User) -> dict[str, Any]:
        """How many there were, by the hour."""
        return {
            "typed_while_locked": [
                {"last_at": line["last_at"], "count": line["count"], "address": line["address"] or ""}
                for line in _lines(account, MOST_IN_FILE)
            ]
        }


def _lines(account: User, most: int) -> QuerySet[Any, Any]:
    """One row for an hour and an address, the one with the newest guess first."""
    rows = AuditEntry.objects.filter(account=account, action=LinkingAction.GUESS_REFUSED, reason__in=WHILE_LOCKED)
    recent = rows.order_by("-created_at").values("pk")[:most]
    return (
        AuditEntry.objects.filter(pk__in=recent)
        .order_by()
        .annotate(hour=TruncHour("created_at"))
        .values("hour", "address")
        .annotate(count=Count("pk"), last_at=Max("created_at"))
        .order_by("-last_at", "address")
    )


def _in_words(line: dict[str, Any]) -> Activity:
    sentence = ngettext(
        "A code was typed while typing codes was locked. It was not looked at.",
        "%(count)d codes were typed within an hour while typing codes was locked. They were not looked at.",
        line["count"],
    )
    return Activity(
        at=line["last_at"],
        sentence=sentence % {"count": line["count"]},
        address=line["address"] or "",
        action=LinkingAction.GUESS_REFUSED,
        client_id="",
    )
