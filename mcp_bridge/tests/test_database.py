"""The one way from async code to the database (connectors §3, hole 13)."""

from __future__ import annotations

import asyncio
import gc
import sqlite3
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from django.db import OperationalError, connection, connections

from accounts.models import User
from accounts.tests.builders import make_user
from mcp_bridge.database import DATABASE_THREADS, close_database_threads, run_in_database_thread
from mcp_bridge.tests.running import RunningSite, request_headers, tool_call
from oauth.tests.builders import make_access_token, make_session

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _threads_end_with_the_test() -> Iterator[None]:
    yield
    close_database_threads()


def database_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("database")]


def test_it_returns_what_the_function_returns() -> None:
    user = make_user()

    async def read() -> str:
        return (await run_in_database_thread(User.objects.get, pk=user.pk)).subject

    assert asyncio.run(read()) == user.subject


def test_it_raises_what_the_function_raises() -> None:
    async def read() -> None:
        await run_in_database_thread(User.objects.get, pk=0)

    with pytest.raises(User.DoesNotExist):
        asyncio.run(read())


def test_calls_do_not_queue_behind_each_other() -> None:
    barrier = threading.Barrier(DATABASE_THREADS, timeout=10)

    async def together() -> None:
        # Passes only when that many run at the same time.
        await asyncio.gather(*(run_in_database_thread(barrier.wait) for _ in range(DATABASE_THREADS)))

    asyncio.run(together())


def test_there_are_never_more_threads_than_stated() -> None:
    running, most, lock = 0, 0, threading.Lock()

    def count() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.002)
        with lock:
            running -= 1

    async def together() -> None:
        await asyncio.gather(*(run_in_database_thread(count) for _ in range(200)))

    asyncio.run(together())
    assert most <= DATABASE_THREADS
    assert len(database_threads()) <= DATABASE_THREADS


def test_context_variables_come_along_and_do_not_leak_back() -> None:
    def read_and_change() -> Any:
        value = structlog.contextvars.get_contextvars().get("request_id")
        structlog.contextvars.bind_contextvars(request_id="changed in the thread")
        return value

    async def read() -> Any:
        structlog.contextvars.bind_contextvars(request_id="of the caller")
        first = await run_in_database_thread(read_and_change)
        return first, structlog.contextvars.get_contextvars()["request_id"]

    assert asyncio.run(read()) == ("of the caller", "of the caller")


@pytest.mark.postgres
def test_a_connection_that_broke_is_replaced_for_the_next_call() -> None:
    def break_connection() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    async def break_and_count() -> int:
        with pytest.raises(OperationalError):
            await run_in_database_thread(break_connection)
        return await run_in_database_thread(User.objects.count)

    async def many() -> list[int]:
        return [await break_and_count() for _ in range(DATABASE_THREADS * 2)]

    assert asyncio.run(many()) == [0] * DATABASE_THREADS * 2


def test_closing_ends_every_thread_and_its_connection() -> None:
    opened: list[Any] = []

    def connect(barrier: threading.Barrier) -> None:
        barrier.wait()
        connection.ensure_connection()
        opened.append(connection.connection)

    async def open_everywhere() -> None:
        barrier = threading.Barrier(DATABASE_THREADS, timeout=10)
        await asyncio.gather(*(run_in_database_thread(connect, barrier) for _ in range(DATABASE_THREADS)))

    asyncio.run(open_everywhere())
    assert len(opened) == DATABASE_THREADS
    close_database_threads()
    assert database_threads() == []
    if connection.vendor == "sqlite":
        for handle in opened:
            with pytest.raises(sqlite3.ProgrammingError, match="closed"):
                handle.execute("SELECT 1")


def test_threads_start_again_after_they_were_closed() -> None:
    async def count() -> int:
        return await run_in_database_thread(User.objects.count)

    assert asyncio.run(count()) == 0
    close_database_threads()
    assert asyncio.run(count()) == 0


def test_the_log_of_queries_does_not_grow(settings: Any) -> None:
    settings.DEBUG = True

    def queries() -> int:
        User.objects.count()
        return len(connections["default"].queries_log)

    async def many() -> list[int]:
        return [await run_in_database_thread(queries) for _ in range(50)]

    assert max(asyncio.run(many())) == 1


def open_connections() -> int:
    """How many connections to the database this process holds, also those that only wait to be collected."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
            return int(cursor.fetchone()[0])
    return sum(is_open(item) for item in gc.get_objects() if type(item) is sqlite3.Connection)


def is_open(handle: sqlite3.Connection) -> bool:
    try:
        return handle.total_changes >= 0
    except sqlite3.ProgrammingError:
        return False


@pytest.fixture
def _no_garbage_collection() -> Iterator[None]:
    """What is closed by chance only shows as open."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("_no_garbage_collection")
def test_many_calls_leave_no_connections_behind(site: RunningSite) -> None:
    token = make_access_token(make_session())[1]
    headers = request_headers(token)

    async def call() -> None:
        response = await site.http.post("/mcp", headers=headers, json=tool_call("auth_info"))
        assert response.status_code == 200

    async def together(count: int) -> None:
        for _ in range(count // 20):
            await asyncio.gather(*(call() for _ in range(20)))

    before = open_connections()
    site.run(together, 100)
    after_some = open_connections()
    site.run(together, 400)

    assert before >= 1
    assert after_some <= before + DATABASE_THREADS
    assert open_connections() <= before + DATABASE_THREADS
    assert len(database_threads()) <= DATABASE_THREADS


@pytest.mark.usefixtures("_no_garbage_collection")
def test_pages_leave_no_connections_behind(site: RunningSite) -> None:
    """Django gives each request a thread of its own, which nobody asks again."""

    async def get() -> None:
        assert (await site.http.get("/readyz")).status_code == 200

    async def together(count: int) -> None:
        for _ in range(count // 10):
            await asyncio.gather(*(get() for _ in range(10)))

    connection.ensure_connection()
    site.run(together, 20)
    before = open_connections()
    site.run(together, 100)

    assert before >= 1
    # The pool of PostgreSQL may still grow by one or two; one for each request would be a hundred.
    assert open_connections() <= before + 10
