"""The website's sessions: Django's, in the database, with keys that could be ours."""

from __future__ import annotations

import re
from typing import Any

from django.contrib.sessions.backends.db import SessionStore as DatabaseSessionStore

POSSIBLE_KEY = re.compile(r"[a-z0-9]{8,40}")


class SessionStore(DatabaseSessionStore):
    """A key that Django never makes is no key at all.

    A quoted cookie can hold a NUL; PostgreSQL refuses to look for it, and every page would answer with an error.
    """

    def _validate_session_key(self, key: Any) -> bool:
        return bool(key) and POSSIBLE_KEY.fullmatch(key) is not None
