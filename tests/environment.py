"""The environment that tests run in. Loaded as a pytest plugin by `-p tests.environment`, before the settings are.

Nothing of the developer's own gets in: no variable that `dexter.env.Env` reads, and no `.env` file. The database and
Redis are those that TEST_DATABASE_URL and TEST_REDIS_URL name (`tests.backends` sets both), and SQLite and the
process's own memory without them.
"""

from __future__ import annotations

import os
import re
import signal
from urllib.parse import urlsplit, urlunsplit


def _redis_url() -> str:
    """TEST_REDIS_URL, with a database of its own for each pytest-xdist worker: the cache is emptied between tests."""
    url = os.environ.get("TEST_REDIS_URL", "")
    worker = re.fullmatch(r"gw(\d+)", os.environ.get("PYTEST_XDIST_WORKER", ""))
    if not url or worker is None:
        return url
    return urlunsplit(urlsplit(url)._replace(path=f"/{int(worker[1]) + 1}"))


def test_environment() -> dict[str, str]:
    """Every setting that tests depend on; others keep their defaults."""
    return {
        "DEXTER_ENV_FILE": os.devnull,
        "DEXTER_DEBUG": "true",
        "DEXTER_PUBLIC_URL": "http://localhost:8000",
        "DATABASE_URL": os.environ.get("TEST_DATABASE_URL", ""),
        "REDIS_URL": _redis_url(),
    }


test_environment.__test__ = False  # type: ignore[attr-defined]

for _name in [name for name in os.environ if name.startswith("DEXTER_") or name in {"DATABASE_URL", "REDIS_URL"}]:
    del os.environ[_name]
os.environ.update(test_environment())

# Whoever stops the tests stops them as Ctrl-C does, and servers and browsers end with them.
signal.signal(signal.SIGTERM, signal.default_int_handler)
