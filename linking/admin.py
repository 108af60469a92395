"""The admin of codes, links and counters: read-only, with *unlink*, which calls the service."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.addresses import client_address
from accounts.admin import ReadOnlyAdmin, staff_of
from accounts.models import Counter
from linking.models import AccountLink, LinkingCode
from linking.services import unlink_for_staff


@admin.register(LinkingCode)
class LinkingCodeAdmin(ReadOnlyAdmin):
    """Codes by the beginning of their digest; the code itself is not kept."""

    list_display = [
        "digest_prefix",
        "user",
        "initiated_by",
        "session",
        "created_at",
        "expires_at",
        "used_at",
        "ended_at",
    ]
    list_filter = ["initiated_by", ("used_at", admin.EmptyFieldListFilter), ("ended_at", admin.EmptyFieldListFilter)]
    list_select_related = ["user", "session"]
    search_fields = ["id", "user__subject", "session__id"]
    date_hierarchy = "created_at"
    fields = [
        *("id", "digest_prefix", "issuer", "user", "initiated_by", "session"),
        *("created_at", "expires_at", "redeemed_at", "used_at", "ended_at"),
    ]

    @admin.display(description=_("digest begins"))
    def digest_prefix(self, code: LinkingCode) -> str:
        """Enough to tell rows apart."""
        return code.code_digest[:8]


@admin.register(AccountLink)
class AccountLinkAdmin(ReadOnlyAdmin):
    """Which identity acts for which account."""

    list_display = ["user", "account", "link_initiated_by", "linked_at", "session"]
    list_filter = ["link_initiated_by"]
    list_select_related = ["user", "account", "session"]
    search_fields = ["id", "user__subject", "account__email", "account__subject", "session__id"]
    date_hierarchy = "linked_at"
    actions = ["unlink"]

    def has_unlink_permission(self, request: HttpRequest) -> bool:
        """Who may take links away."""
        return request.user.has_perm("linking.delete_accountlink")

    @admin.action(description=_("Unlink the selected identities"), permissions=["unlink"])
    def unlink(self, request: HttpRequest, queryset: QuerySet[AccountLink]) -> None:
        """Take the links away and tell the people; the connections stay and act for nobody."""
        staff, address = staff_of(request), client_address(request)
        links = queryset.select_related("user", "account", "session__client")
        removed = unlink_for_staff(links=links, staff=staff, address=address)
        messages.success(request, ngettext("%d link was removed.", "%d links were removed.", removed) % removed)


@admin.register(Counter)
class CounterAdmin(ReadOnlyAdmin):
    """Who typed wrong codes how often, and who is locked until when."""

    list_display = ["key", "count", "window_started_at", "locked_until", "lock_count"]
    list_filter = [("locked_until", admin.EmptyFieldListFilter)]
    search_fields = ["key"]
