"""One builder per model of the MCP server."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from mcp_bridge.models import ToolCall
from oauth.bearer import account_behind
from oauth.models import ConnectorSession
from oauth.tests.builders import make_session


def make_tool_call(session: ConnectorSession | None = None, **fields: Any) -> ToolCall:
    """A call that went well, just now, for the account that the session acts for."""
    session = session or make_session()
    defaults: dict[str, Any] = {
        "called_at": timezone.now(),
        "duration_ms": 3,
        "tool": "auth_info",
        "outcome": ToolCall.OK,
        "session_id": session.pk,
        "client_id": session.client.client_id,
        "subject": session.user.subject,
        "account": account_behind(session.user),
    }
    return ToolCall.objects.create(**defaults | fields)
