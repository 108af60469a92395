"""Everything that was done in an account's name, newest first, whoever wrote it down.

What `linking` itself can tell is in the audit log (`linking.activity`). An app to the right that keeps something of its
own adds it with `add_source`, from its `AppConfig.ready`; the page and the file with a person's data show it then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol, overload

from django.db.models.functions import Lower
from django.utils.functional import Promise, cached_property

from accounts.models import User
from linking.activity import Activity, AuditLog
from linking.locked_guesses import LockedGuesses
from oauth.models import Client


class Source(Protocol):
    """Where some kinds of activity are kept. `kind` and `client_id` narrow it down, when they are not empty."""

    @property
    def kinds(self) -> Mapping[str, str | Promise]:
        """The kinds, and what people call them."""

    @property
    def remark(self) -> str:
        """What people have to know to read it, or nothing."""

    def count(self, account: User, *, kind: str = "", client_id: str = "") -> int:
        """How many lines there are of `account`, and of nobody else."""

    def newest(self, account: User, limit: int, *, kind: str = "", client_id: str = "") -> list[Activity]:
        """The newest `limit` of these lines, newest first."""

    def client_ids(self, account: User) -> Iterable[str]:
        """The assistants that the lines of `account` are about."""

    def export(self, account: User) -> dict[str, Any]:
        """All that is kept of `account`, under names of its own, for the file with its data."""


_sources: list[Source] = [AuditLog(), LockedGuesses()]
# So many lines of one history are shown, the newest: the page that is furthest back reads all that come before it.
MOST_LINES = 5_000


def add_source(source: Source) -> None:
    """Show people what `source` keeps of them."""
    _sources.append(source)


def kinds() -> dict[str, str | Promise]:
    """Every kind of activity, and what it is called."""
    return {kind: label for source in _sources for kind, label in source.kinds.items()}


def remarks() -> list[str]:
    """What people have to know to read their history."""
    return [source.remark for source in _sources if source.remark]


def assistants_in_history(account: User) -> list[tuple[str, str]]:
    """The assistants that an account's history can be narrowed to: client ID and name, by name."""
    known = {client_id for source in _sources for client_id in source.client_ids(account)}
    rows = Client.objects.filter(client_id__in=known).order_by(Lower("name"))
    return [(client.client_id, str(client)) for client in rows]


def exported_history(account: User) -> dict[str, Any]:
    """What every source keeps of `account`."""
    return {name: rows for source in _sources for name, rows in source.export(account).items()}


class History(Sequence[Activity]):
    """The newest lines of an account, of one kind or one assistant if asked for; read as far as they are looked at."""

    def __init__(self, account: User, *, kind: str = "", client_id: str = "") -> None:
        self._account = account
        self._filter = {"kind": kind, "client_id": client_id}
        self._sources = [source for source in _sources if not kind or kind in source.kinds]

    def __len__(self) -> int:
        return min(self._count, MOST_LINES)

    @property
    def most(self) -> int:
        """How many lines are shown when there are more than that; 0 when all of them are."""
        return MOST_LINES if self._count > MOST_LINES else 0

    @cached_property
    def _count(self) -> int:
        return sum(source.count(self._account, **self._filter) for source in self._sources)

    @overload
    def __getitem__(self, wanted: int) -> Activity: ...

    @overload
    def __getitem__(self, wanted: slice) -> list[Activity]: ...

    def __getitem__(self, wanted: int | slice) -> Activity | list[Activity]:
        end = wanted + 1 if isinstance(wanted, int) else wanted.stop
        # What is counted from the end takes all there is.
        return self._newest(end if end is not None and end > 0 else len(self))[wanted]

    def __iter__(self) -> Iterator[Activity]:
        return iter(self._newest(len(self)))

    def _newest(self, limit: int) -> list[Activity]:
        lines = [line for source in self._sources for line in source.newest(self._account, limit, **self._filter)]
        return sorted(lines, key=lambda line: line.at, reverse=True)[:limit]
