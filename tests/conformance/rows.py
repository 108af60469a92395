"""Rows in the database of a site, made with the tests' builders: `python -m tests.conformance.rows token|client`.

A program of its own, because a process has one database, and that of the tests is another one.
"""

from __future__ import annotations

import os
import subprocess
import sys

import django

from tests.journeys.databases import PROJECT, Database

REDIRECT_URI = "http://127.0.0.1/callback"


def issue_token(database: Database, public_url: str) -> str:
    """An access token of a guest."""
    return _run("token", database, public_url)


def set_up_client(database: Database, public_url: str) -> str:
    """The id of a client that staff made."""
    return _run("client", database, public_url)


def _run(what: str, database: Database, public_url: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "tests.conformance.rows", what],
        env={**os.environ, "DATABASE_URL": database.url, "DEXTER_PUBLIC_URL": public_url},
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def main(what: str) -> None:
    """Make a row and print what its user needs to know of it."""
    django.setup()
    from oauth.models import Client
    from oauth.tests.builders import make_access_token, make_client

    if what == "token":
        _row, token = make_access_token()
        print(token)
        return
    source = Client.RegistrationSource.MANUAL
    print(make_client(name="Set-up assistant", redirect_uris=REDIRECT_URI, registration_source=source).client_id)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dexter.settings")
    main(sys.argv[1])
