"""Requests that get in each other's way: one deletes what the other is still writing about."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import structlog
from django.db import IntegrityError, OperationalError, connection

log = structlog.get_logger(__name__)

ATTEMPTS = 3
# PostgreSQL's names for a transaction that it ended so that others could go on (appendix A, class 40).
_SERIALIZATION_FAILURE, _DEADLOCK_DETECTED = "40001", "40P01"
T = TypeVar("T")


def again_if_overtaken(act: Callable[[], T]) -> T:
    """Do `act`, and do it again when another transaction took away a row that it was writing about.

    Foreign keys are checked when a transaction commits, so one that read a row before it was deleted finds out only
    then; and of two that wait for each other, PostgreSQL ends one. Nothing of it was written either way. Done again,
    `act` sees what is there now, and answers accordingly. It must not write anything before what may fail.

    Raises:
        IntegrityError, OperationalError: it was overtaken three times, or something else is wrong.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            return act()
        except (IntegrityError, OperationalError) as error:
            # Inside the caller's transaction nothing can be done again.
            if connection.in_atomic_block or not _was_overtaken(error):
                raise
            log.warning("transaction.overtaken", error=type(error).__name__)
    return act()


def _was_overtaken(error: IntegrityError | OperationalError) -> bool:
    ended_for_others = (_SERIALIZATION_FAILURE, _DEADLOCK_DETECTED)
    return isinstance(error, IntegrityError) or getattr(error.__cause__, "sqlstate", None) in ended_for_others
