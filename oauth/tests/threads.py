"""Doing several things at the same moment, each in a thread with a database connection of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier, Event, Thread
from typing import Any, TypeVar

import pytest
from django.db import connections

from oauth import validator
from oauth.services import touch_session

THREADS = 20
T = TypeVar("T")


def at_once(act: Callable[[], T], count: int = THREADS) -> list[T]:
    """Run `act` in that many threads at the same moment, each with a database connection of its own."""
    barrier = Barrier(count)

    def run() -> T:
        try:
            barrier.wait(10)
            return act()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as pool:
        return [future.result(60) for future in [pool.submit(run) for _ in range(count)]]


def in_thread(act: Callable[[], Any]) -> Future[Any]:
    """Begin `act` in a thread with a database connection of its own."""
    outcome: Future[Any] = Future()

    def run() -> None:
        try:
            outcome.set_result(act())
        except Exception as error:
            outcome.set_exception(error)
        finally:
            connections.close_all()

    Thread(target=run, daemon=True).start()
    return outcome


def wait_until_somebody_waits() -> None:
    """Until another connection to this database waits for a lock."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    deadline = time.monotonic() + 10
    with connections["default"].cursor() as cursor:
        while time.monotonic() < deadline:
            cursor.execute(waiting)
            if cursor.fetchone()[0]:
                return
            time.sleep(0.02)
    raise AssertionError("nobody waits")


@contextmanager
def tokens_half_made(monkeypatch: pytest.MonkeyPatch, ask: Callable[[], Any]) -> Iterator[Future[Any]]:
    """`ask` for tokens, and stop just before the answer is committed, until the block is over."""
    reached, go_on = Event(), Event()

    def stop(**arguments: Any) -> None:
        reached.set()
        assert go_on.wait(20)
        touch_session(**arguments)

    monkeypatch.setattr(validator, "touch_session", stop)
    outcome = in_thread(ask)
    assert reached.wait(10)
    try:
        yield outcome
    finally:
        go_on.set()
        outcome.result(20)
