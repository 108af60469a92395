"""The admin of connector sessions: read-only, with *end*."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.addresses import client_address
from accounts.admin import ReadOnlyAdmin, staff_of
from oauth.models import ConnectorSession
from oauth.services import end_session


def _end_sessions(request: HttpRequest, sessions: QuerySet[ConnectorSession]) -> int:
    staff, address = staff_of(request), client_address(request)
    reason = ConnectorSession.EndReason.STAFF
    rows = sessions.select_related("user", "client")
    return sum(end_session(session=session, reason=reason, actor=staff, address=address) for session in rows)


def _say_ended(request: HttpRequest, ended: int) -> None:
    text = ngettext("%d session was ended.", "%d sessions were ended.", ended) % ended
    messages.success(request, text)


class ActsOnSessions(ReadOnlyAdmin):
    """Rows of a session, with an action that ends it. The action needs the permission to change sessions."""

    actions = ["revoke"]

    def has_end_permission(self, request: HttpRequest) -> bool:
        """Who may end sessions."""
        return request.user.has_perm("oauth.change_connectorsession")

    @admin.action(description=_("Revoke: end the session of the selected rows"), permissions=["end"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """End the sessions that the selected rows belong to."""
        sessions = ConnectorSession.objects.filter(pk__in=queryset.values("session"))
        _say_ended(request, _end_sessions(request, sessions))


@admin.register(ConnectorSession)
class ConnectorSessionAdmin(ReadOnlyAdmin):
    """Every consent, and whether it still acts."""

    list_display = [
        *("created_at", "user", "client", "redirect_host"),
        *("connected_at", "last_used_at", "ended_at", "end_reason"),
    ]
    list_filter = [("ended_at", admin.EmptyFieldListFilter), "end_reason", "user__is_guest"]
    list_select_related = ["user", "client"]
    search_fields = ["id", "user__email", "user__subject", "client__name", "client__client_id"]
    date_hierarchy = "created_at"
    actions = ["end_sessions"]

    def has_end_permission(self, request: HttpRequest) -> bool:
        """Who may end sessions."""
        return request.user.has_perm("oauth.change_connectorsession")

    @admin.action(description=_("End the selected sessions"), permissions=["end"])
    def end_sessions(self, request: HttpRequest, queryset: QuerySet[ConnectorSession]) -> None:
        """End the sessions: their next call is refused."""
        _say_ended(request, _end_sessions(request, queryset))
