"""The website's sessions: Django's, in the database, with keys that could be ours."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from django.contrib.sessions.backends.db import SessionStore as DatabaseSessionStore
from django.contrib.sessions.models import Session
from django.db.models import F
from django.utils import timezone

POSSIBLE_KEY = re.compile(r"[a-z0-9]{8,40}")


class SessionStore(DatabaseSessionStore):
    """A key that Django never makes is no key at all.

    A quoted cookie can hold a NUL; PostgreSQL refuses to look for it, and every page would answer with an error.
    """

    _browser_seen: tuple[str | None, datetime | None] = (None, None)

    @property
    def browser_last_seen_at(self) -> datetime | None:
        """When the browser of this session was last seen, as of when the session was loaded. None: no row of it yet."""
        key, last_seen_at = self._browser_seen
        # A sign-in gives the session another key, and the browser another row.
        return last_seen_at if key == self.session_key else None

    def _get_session_from_db(self) -> Session | None:
        """Upstream's, with the browser in the same query.

        Kept in the session itself, that time would be written with all else in it, over what a request of another tab
        wrote meanwhile.
        """
        live = Session.objects.filter(session_key=self.session_key, expire_date__gt=timezone.now())
        found = live.annotate(browser_seen=F("browser__last_seen_at")).first()
        if found is None:
            self._session_key = None
            return None
        self._browser_seen = (found.session_key, found.browser_seen)
        return found

    def _validate_session_key(self, key: Any) -> bool:
        return bool(key) and POSSIBLE_KEY.fullmatch(key) is not None
