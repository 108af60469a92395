"""The website's sessions: Django's, in the database, encrypted, with keys that could be ours."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import structlog
from cryptography.fernet import InvalidToken
from django.contrib.sessions.backends.db import SessionStore as DatabaseSessionStore
from django.contrib.sessions.models import Session
from django.db.models import F
from django.utils import timezone

from accounts.encryption import encryption_for

log = structlog.get_logger(__name__)

PURPOSE = "accounts.sessions"
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

    def encode(self, session_dict: dict[str, Any]) -> str:
        """What stands in the database.

        Upstream's can be read without any key, and a session holds codes that were e-mailed or made for an assistant,
        and the secret of an app that is being added.
        """
        return encryption_for(PURPOSE).encrypt(self.serializer().dumps(session_dict)).decode()

    def decode(self, session_data: bytes | str) -> dict[str, Any]:
        """The session again; an empty one if it was changed, or encrypted under another DEXTER_SECRET_KEY."""
        try:
            session: dict[str, Any] = self.serializer().loads(encryption_for(PURPOSE).decrypt(session_data))
        except (InvalidToken, ValueError):
            log.warning("session.unreadable")
            return {}
        return session

    def _validate_session_key(self, key: Any) -> bool:
        return bool(key) and POSSIBLE_KEY.fullmatch(key) is not None
