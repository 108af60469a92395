"""Calls of the REST API, for tests."""

from __future__ import annotations

import json
from typing import Any

from django.test import Client as Browser

from accounts.models import AuditEntry, Counter
from linking.models import AccountLink, LinkingCode
from oauth.models import ConnectorSession
from oauth.tests.builders import make_access_token

ROUTES = [
    ("get", "/api/link/status"),
    ("post", "/api/link/preview"),
    ("post", "/api/link/verify"),
    ("post", "/api/link/generate"),
    ("post", "/api/link/remove"),
    ("get", "/api/connections"),
    ("delete", "/api/connections/11111111-1111-4111-8111-111111111111"),
]
SESSION_ONLY = [ROUTES[1], ROUTES[2], ROUTES[5], ROUTES[6]]
WITH_BODY = ["/api/link/preview", "/api/link/verify", "/api/link/remove"]


def send(browser: Browser, path: str, body: Any = None, **headers: str) -> Any:
    """Post JSON."""
    return browser.post(
        path, json.dumps({} if body is None else body), content_type="application/json", headers=headers
    )


def bearer(session: ConnectorSession | None = None, **fields: Any) -> dict[str, str]:
    """The header with an access token of `session`."""
    return {"Authorization": f"Bearer {make_access_token(session, **fields)[1]}"}


def assert_problem(response: Any, status: int, code: str) -> dict[str, Any]:
    """A problem that nobody keeps and no other origin may read, with nothing left empty."""
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    assert "no-store" in response["Cache-Control"]
    assert "Access-Control-Allow-Origin" not in response
    problem: dict[str, Any] = response.json()
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["type"] and problem["title"] and problem["detail"]
    return problem


def preview(browser: Browser, code: str) -> str:
    """Type a code that works; the id of its preview."""
    answer = send(browser, "/api/link/preview", {"code": code})
    assert answer.status_code == 200, answer.content
    return str(answer.json()["preview_id"])


def verify(browser: Browser, preview_id: str, **members: Any) -> Any:
    """Confirm a preview, or decline it."""
    return send(browser, "/api/link/verify", {"preview_id": preview_id, **members})


def assert_nothing_was_linked(row: LinkingCode) -> None:
    """The code is as it was, and there is no link."""
    row.refresh_from_db()
    assert row.used_at is None
    assert not AccountLink.objects.filter(user=row.identity).exists()


def written() -> list[Any]:
    """How much there is of what a refused call must not write, and what was counted."""
    rows = (LinkingCode, AccountLink, AuditEntry)
    return [*(row.objects.count() for row in rows), list(Counter.objects.order_by("pk").values_list("pk", "count"))]
