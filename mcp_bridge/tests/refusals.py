"""What a request that is refused looks like from both sides."""

from __future__ import annotations

from typing import Any

from accounts.models import AuditEntry, User
from oauth.models import ConnectorSession

METADATA = 'resource_metadata="http://localhost:8000/.well-known/oauth-protected-resource/mcp"'
SCOPE = 'scope="identity.read link.write"'


def written() -> tuple[int, int, list[Any]]:
    """What a refused request must not change."""
    sessions = list(ConnectorSession.objects.order_by("pk").values_list("pk", "last_used_at", "ended_at"))
    return AuditEntry.objects.count(), User.objects.count(), sessions


def assert_refused(response: Any, *, error: str | None) -> None:
    """A 401 with the complete challenge, and nothing about why."""
    assert response.status_code == 401
    challenge = response.headers["WWW-Authenticate"]
    assert challenge.startswith("Bearer ")
    assert METADATA in challenge
    assert SCOPE in challenge
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    if error is None:
        assert "error" not in challenge
    else:
        assert f'error="{error}"' in challenge
        assert response.json()["error"] == error
        assert f'error_description="{response.json()["error_description"]}"' in challenge
