"""Background work of the MCP server."""

from __future__ import annotations

from celery import shared_task

from mcp_bridge.services import sweep_tool_calls


@shared_task
def sweep() -> dict[str, int]:
    """Delete the record of old tool calls."""
    return sweep_tool_calls()
