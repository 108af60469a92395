"""The website's sessions: Django's, in the database, encrypted, with keys that could be ours."""

from __future__ import annotations

import re
from typing import Any

import structlog
from cryptography.fernet import InvalidToken
from django.contrib.sessions.backends.db import SessionStore as DatabaseSessionStore

from accounts.encryption import encryption_for

log = structlog.get_logger(__name__)

PURPOSE = "accounts.sessions"
POSSIBLE_KEY = re.compile(r"[a-z0-9]{8,40}")


class SessionStore(DatabaseSessionStore):
    """A key that Django never makes is no key at all.

    A quoted cookie can hold a NUL; PostgreSQL refuses to look for it, and every page would answer with an error.
    """

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
