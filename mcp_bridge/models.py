"""What assistants did: one row for each call of a tool."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

# Tools and errors of other apps are named as they like; longer names are cut.
TOOL_LENGTH = 100
OUTCOME_LENGTH = 40


class ToolCall(models.Model):
    """One call of a tool: who called which, when, for whom, and how it ended; never what was asked or answered.

    Session, client and identity are named and not referred to, as in the audit log: they may go before the row does.
    The rows of an account go with it.
    """

    OK = "ok"

    called_at = models.DateTimeField(_("called at"))
    duration_ms = models.PositiveIntegerField(_("duration in ms"))
    tool = models.CharField(_("tool"), max_length=TOOL_LENGTH)
    # "ok", or the code of the tool error (`mcp_bridge.errors`).
    outcome = models.CharField(_("outcome"), max_length=OUTCOME_LENGTH)
    session_id = models.UUIDField(_("connector session"))
    client_id = models.CharField(_("client ID"), max_length=255)
    subject = models.CharField(_("identity"), max_length=24)
    # Whom the session acted for at that time, or nobody.
    account = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        db_index=False,
        related_name="tool_calls",
        verbose_name=_("account"),
    )
    request_id = models.CharField(_("request ID"), max_length=64, blank=True)

    class Meta:
        verbose_name = _("tool call")
        verbose_name_plural = _("tool calls")
        ordering = ["-called_at"]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(tool="") & ~models.Q(outcome=""), name="mcp_bridge_toolcall_tool_and_outcome_known"
            )
        ]
        indexes = [
            models.Index(fields=["account", "-called_at"], name="mcp_bridge_toolcall_account"),
            models.Index(fields=["session_id", "-called_at"], name="mcp_bridge_toolcall_session"),
            models.Index(fields=["called_at"], name="mcp_bridge_toolcall_age"),
        ]

    def __str__(self) -> str:
        return f"{self.tool} at {self.called_at:%Y-%m-%d %H:%M:%S}"
