"""The search of `test_no_secret_is_written_down` sees through encodings, or it could not fail."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core import signing

from accounts.sessions import SessionStore
from tests.journeys.databases import Database

SECRET = "ABC-DEF"
ENCODINGS: dict[str, Callable[[str], str]] = {
    "nothing": str,
    "Django's sessions": lambda text: signing.dumps({"code": text}),
    "Django's sessions, compressed": lambda text: signing.dumps({"code": text, "more": "x" * 200}, compress=True),
    "base64": lambda text: base64.b64encode(f"a code: {text}".encode()).decode(),
    "base64 without padding": lambda text: base64.urlsafe_b64encode(f"a code: {text}".encode()).decode().rstrip("="),
    "zlib": lambda text: base64.b64encode(zlib.compress(f"a code: {text}".encode())).decode(),
}


def database_with(directory: Path, value: str) -> Database:
    """One table with one value."""
    database = Database(f"sqlite:///{directory / 'test.sqlite3'}")
    database.change("CREATE TABLE kept (value TEXT)")
    database.change("INSERT INTO kept VALUES (%s)", value)
    return database


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_an_encoded_secret_is_found(tmp_path: Path, encoding: str) -> None:
    assert SECRET in database_with(tmp_path, ENCODINGS[encoding](SECRET)).dump()


def test_what_our_sessions_hold_is_not(tmp_path: Path) -> None:
    assert SECRET not in database_with(tmp_path, SessionStore().encode({"code": SECRET})).dump()
