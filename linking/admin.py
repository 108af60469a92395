"""The admin of codes, links and counters: read-only, with *unlink*, which calls the service. And deleting people."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.addresses import client_address
from accounts.admin import ReadOnlyAdmin, UserAdmin, staff_of
from accounts.errors import AccountGone, LastSuperuser
from accounts.models import Counter, User
from linking.models import AccountLink, LinkingCode
from linking.services import delete_account, unlink_for_staff

admin.site.unregister(User)


@admin.register(User)
class PersonAdmin(UserAdmin):
    """People. Deleting one ends what acts for them, as when they do it themselves."""

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """All that goes along. What belongs to a person goes with them: no permission of its own is asked for."""
        deleted, counts, _permissions, protected = super().get_deleted_objects(objs, request)
        return deleted, counts, set(), protected

    def get_actions(self, request: HttpRequest) -> Any:
        """Without deleting many at once: each is a person's account."""
        return {name: action for name, action in super().get_actions(request).items() if name != "delete_selected"}

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Ask, then call the service, which has a transaction of its own."""
        person = self.get_object(request, unquote(object_id))
        if request.method != "POST" or person is None or not self.has_delete_permission(request, person):
            return super().delete_view(request, object_id, extra_context)
        try:
            delete_account(account=person, actor=staff_of(request), address=client_address(request))
        except (AccountGone, LastSuperuser) as refusal:
            messages.error(request, str(refusal.description))
            return redirect("admin:accounts_user_changelist")
        return self.response_delete(request, str(person), person.pk)


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
