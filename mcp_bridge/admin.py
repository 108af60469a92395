"""The admin of tool calls: to read."""

from __future__ import annotations

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from accounts.admin import ReadOnlyAdmin
from mcp_bridge.models import ToolCall


@admin.register(ToolCall)
class ToolCallAdmin(ReadOnlyAdmin):
    """Which connection called which tool, for whom, and how it ended. The session's page leads here."""

    list_display = ["called_at", "tool", "outcome", "duration_ms", "client_id", "subject", "account", "request_id"]
    list_filter = ["tool", "outcome", "called_at"]
    list_select_related = ["account"]
    search_fields = ["=session_id", "=client_id", "=subject", "=account__email", "=account__subject", "=request_id"]
    show_full_result_count = False
    actions = None
    fields = [
        *("called_at", "tool", "outcome", "duration_ms", "session", "client_id"),
        *("subject", "account", "request_id"),
    ]

    @admin.display(description=_("connector session"))
    def session(self, call: ToolCall) -> str:
        """The session, by its id, which leads to it for as long as it is kept."""
        url = reverse("admin:oauth_connectorsession_change", args=[call.session_id])
        return format_html('<a href="{}">{}</a>', url, call.session_id)
