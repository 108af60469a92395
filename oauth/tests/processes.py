"""Send one form many times from several real processes at the same moment, to the database of the running test.

    python -m oauth.tests.processes PATH

is one of them: it says that it is ready, reads a form from its standard input, posts it from several threads at once,
and prints the answers.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from urllib.parse import quote, urlencode

import django
from django.db import connection

PROCESSES = 4
THREADS = 5
COUNT = PROCESSES * THREADS


def post_at_once(path: str, form: dict[str, str]) -> list[tuple[int, dict[str, Any]]]:
    """Post `form` COUNT times; gives each one's status and answer."""
    command = [sys.executable, "-m", "oauth.tests.processes", path]
    environment = {**os.environ, "DATABASE_URL": _database_url()}
    processes = [
        subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(PROCESSES)
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
    return [(status, answer) for line in answers for status, answer in json.loads(line)]


def _database_url() -> str:
    database: dict[str, Any] = connection.settings_dict
    user = f"{quote(database['USER'])}:{quote(database['PASSWORD'])}"
    return f"postgresql://{user}@{database['HOST']}:{database['PORT']}/{database['NAME']}"


def main() -> None:
    """Be one of the processes."""
    django.setup()
    from django.test import Client as Browser

    # Everything that a first request loads is loaded before the race.
    Browser(SERVER_NAME="localhost").get("/.well-known/oauth-authorization-server")
    form, ready = "", Barrier(THREADS + 1)

    def post(_number: int) -> tuple[int, Any]:
        connection.ensure_connection()
        # Once for the parent, once for the race.
        ready.wait(30)
        ready.wait(60)
        try:
            response = Browser(SERVER_NAME="localhost").post(
                sys.argv[1], form, content_type="application/x-www-form-urlencoded"
            )
            return response.status_code, response.json()
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as pool:
        answers = pool.map(post, range(THREADS))
        ready.wait(30)
        print("ready", flush=True)
        form = sys.stdin.readline().strip()
        ready.wait(60)
        printed = json.dumps(list(answers))
    print()
    print(printed)


if __name__ == "__main__":
    main()
