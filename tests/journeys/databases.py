"""A fresh database for each site, copied from one that was migrated once for the whole run."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from tests.journeys.decoding import readings

PROJECT = Path(__file__).resolve().parents[2]
# The server writes about a request after answering it, when a test may be counting already; and with the first row of a
# table SQLite writes one of its own.
WRITTEN_LATER = {"mcp_bridge_toolcall", "sqlite_sequence"}


@dataclass(frozen=True)
class Database:
    """A site's database, read and changed behind its back in plain SQL, with `%s` for each parameter."""

    url: str

    @property
    def is_postgresql(self) -> bool:
        """Whether it is PostgreSQL; SQLite otherwise."""
        return self.url.startswith("postgresql://")

    def rows(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        """What a query finds."""
        with self._connect() as connection:
            return [tuple(row) for row in connection.execute(self._dialect(query), parameters).fetchall()]

    def value(self, query: str, *parameters: object) -> Any:
        """The one value of the one row that a query finds."""
        [[value]] = self.rows(query, *parameters)
        return value

    def change(self, statement: str, *parameters: object) -> int:
        """Run one statement and commit it; returns how many rows it touched."""
        with self._connect() as connection:
            touched = connection.execute(self._dialect(statement), parameters).rowcount
            connection.commit()
        return int(touched)

    def counts(self) -> dict[str, int]:
        """How many rows every table has but those of `WRITTEN_LATER`, for a test that nothing was written."""
        tables = [table for table in self._tables() if table not in WRITTEN_LATER]
        return {table: self.value(f'SELECT count(*) FROM "{table}"') for table in tables}

    def dump(self) -> str:
        """Every value of every row of every table, a line each, and what anybody can decode of it."""
        lines = []
        for table in self._tables():
            for row in self.rows(f'SELECT * FROM "{table}"'):
                lines += [f"{table}: {reading}" for value in row for reading in readings(_readable(value))]
        return "\n".join(lines)

    @contextlib.contextmanager
    def away(self) -> Iterator[None]:
        """Let nobody in while the block runs, and throw out who is in. PostgreSQL only."""
        name = urlsplit(self.url).path[1:]
        with psycopg.connect(_maintenance(self.url), autocommit=True) as connection:
            allow = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
            connection.execute(allow.format(sql.Identifier(name), sql.Literal(False)))
            # A backend that has been told to go may still answer one more query.
            inside = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
            while connection.execute(inside, [name]).fetchall():
                time.sleep(0.05)
            try:
                yield
            finally:
                connection.execute(allow.format(sql.Identifier(name), sql.Literal(True)))

    def _tables(self) -> list[str]:
        query = "SELECT name FROM sqlite_master WHERE type = 'table'"
        if self.is_postgresql:
            query = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        return sorted(name for (name,) in self.rows(query))

    def _dialect(self, query: str) -> Any:
        return query if self.is_postgresql else query.replace("%s", "?")

    @contextlib.contextmanager
    def _connect(self) -> Iterator[Any]:
        connection: Any
        if self.is_postgresql:
            connection = psycopg.connect(self.url)
        else:
            connection = sqlite3.connect(self.url.removeprefix("sqlite:///"), timeout=20)
        with contextlib.closing(connection):
            yield connection


@contextlib.contextmanager
def migrated_database(directory: Path) -> Iterator[Database]:
    """An empty, migrated database that others are copied from: PostgreSQL if TEST_DATABASE_URL names one."""
    server = os.environ.get("TEST_DATABASE_URL", "")
    if not server:
        database = Database(f"sqlite:///{directory / 'migrated.sqlite3'}")
        _migrate(database)
        yield database
        return
    with _new_postgresql_database(server, template="template1") as database:
        _migrate(database)
        yield database


@contextlib.contextmanager
def copy_of(migrated: Database, directory: Path) -> Iterator[Database]:
    """A copy for one site."""
    if migrated.is_postgresql:
        with _new_postgresql_database(migrated.url, template=urlsplit(migrated.url).path[1:]) as database:
            yield database
        return
    path = directory / f"{secrets.token_hex(4)}.sqlite3"
    shutil.copyfile(migrated.url.removeprefix("sqlite:///"), path)
    yield Database(f"sqlite:///{path}")


@contextlib.contextmanager
def _new_postgresql_database(server: str, *, template: str) -> Iterator[Database]:
    name = f"journey_{secrets.token_hex(6)}"
    # A database that is copied from may have no visitors, so the commands come through another one.
    maintenance = _maintenance(server)
    with psycopg.connect(maintenance, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        )
    try:
        yield Database(urlunsplit(urlsplit(server)._replace(path=f"/{name}")))
    finally:
        with psycopg.connect(maintenance, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _maintenance(url: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path="/postgres"))


def _migrate(database: Database) -> None:
    done = subprocess.run(
        [sys.executable, PROJECT / "manage.py", "migrate", "--verbosity=0"],
        env={**os.environ, "DATABASE_URL": database.url},
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _readable(value: object) -> str:
    if isinstance(value, memoryview | bytes):
        return bytes(value).decode("utf-8", errors="replace")
    return str(value)
