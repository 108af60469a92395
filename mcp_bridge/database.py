"""The one way from async code to the database.

Django's ORM is synchronous and its connections belong to threads. Work goes to a few threads of our own, so that
requests neither queue behind each other on one thread nor leave a connection open in every thread they touch.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import functools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.db import close_old_connections, connections, reset_queries

P = ParamSpec("P")
R = TypeVar("R")

# Half of the connections that a process may hold on PostgreSQL (settings, `pool.max_size`); pages use the others.
DATABASE_THREADS = 8


class _Threads:
    """The threads, started when first needed."""

    def __init__(self) -> None:
        self._executor: ThreadPoolExecutor | None = None
        self._lock = threading.Lock()

    def executor(self) -> ThreadPoolExecutor:
        with self._lock:
            if self._executor is None:
                self._executor = ThreadPoolExecutor(DATABASE_THREADS, thread_name_prefix="database")
            return self._executor

    def take_executor(self) -> ThreadPoolExecutor | None:
        with self._lock:
            executor, self._executor = self._executor, None
            return executor


_threads = _Threads()


async def run_in_database_thread(function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
    """Run synchronous `function` on a database thread, in the caller's context variables, and return what it returns.

    Afterwards its connection is back in the pool (PostgreSQL) or stays with the thread for the next call (SQLite); one
    that broke is closed.
    """
    context = contextvars.copy_context()
    call = functools.partial(_with_connections, functools.partial(function, *args, **kwargs))
    return await asyncio.get_running_loop().run_in_executor(_threads.executor(), context.run, call)


def close_database_threads() -> None:
    """Close the connections of every database thread and end the threads; blocks until they are done.

    The next call of `run_in_database_thread` starts new ones.
    """
    executor = _threads.take_executor()
    if executor is None:
        return
    # A connection can only be closed by its own thread; the barrier makes each thread take exactly one of these.
    barrier = threading.Barrier(DATABASE_THREADS)

    def close_own_connections() -> None:
        with contextlib.suppress(threading.BrokenBarrierError):
            barrier.wait(timeout=10)
        connections.close_all()

    for _ in range(DATABASE_THREADS):
        executor.submit(close_own_connections)
    executor.shutdown(wait=True)


def _with_connections(function: Callable[[], R]) -> R:
    # In debug Django keeps the text of thousands of queries for each connection unless told that a request begins.
    reset_queries()
    close_old_connections()
    try:
        return function()
    finally:
        close_old_connections()
