"""Send one form each from several real processes at the same moment, to the database of the running test.

    python -m oauth.tests.processes PATH

is one of them: it says that it is ready, reads a form from its standard input, posts it, and prints the status.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any
from urllib.parse import quote, urlencode

import django
from django.db import connection

COUNT = 3


def post_at_once(path: str, form: dict[str, str]) -> list[tuple[int, dict[str, Any]]]:
    """Post `form` from COUNT processes; gives each one's status and answer."""
    command = [sys.executable, "-m", "oauth.tests.processes", path]
    environment = {**os.environ, "DATABASE_URL": _database_url()}
    processes = [
        subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(COUNT)
    ]
    try:
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write(urlencode(form) + "\n")
            process.stdin.flush()
        answers = [process.communicate(timeout=60)[0].splitlines()[-1] for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()
    return [(status, answer) for status, answer in map(json.loads, answers)]


def _database_url() -> str:
    database: dict[str, Any] = connection.settings_dict
    user = f"{quote(database['USER'])}:{quote(database['PASSWORD'])}"
    return f"postgresql://{user}@{database['HOST']}:{database['PORT']}/{database['NAME']}"


def main() -> None:
    """Be one of the processes."""
    django.setup()
    from django.test import Client as Browser

    browser = Browser(SERVER_NAME="localhost")
    # Everything that a first request loads is loaded before the race.
    browser.get("/.well-known/oauth-authorization-server")
    connection.ensure_connection()
    print("ready", flush=True)
    form = sys.stdin.readline().strip()
    response = browser.post(sys.argv[1], form, content_type="application/x-www-form-urlencoded")
    print()
    print(json.dumps([response.status_code, response.json()]))


if __name__ == "__main__":
    main()
