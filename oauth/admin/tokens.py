"""The admin of tokens and keys: read-only, with *revoke*, which ends the session. No secret is shown."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.addresses import client_address
from accounts.admin import ReadOnlyAdmin, staff_of
from oauth.admin.sessions import ActsOnSessions
from oauth.models import AccessToken, RefreshToken, ServiceToken, SigningKey
from oauth.services import revoke_service_token


class AccessTokenAdmin(ActsOnSessions):
    """Access tokens by the beginning of their digest; the token itself is not kept."""

    list_display = ["digest_prefix", "user", "application", "scope", "created", "expires", "session_state"]
    list_select_related = ["user", "application", "session"]
    search_fields = ["user__email", "user__subject", "application__client_id", "session__id"]
    fields = ["digest_prefix", "session", "user", "application", "scope", "resource", "created", "expires"]

    @admin.display(description=_("digest begins"))
    def digest_prefix(self, row: AccessToken | RefreshToken) -> str:
        """Enough to tell rows apart."""
        return row.token_checksum[:8]

    @admin.display(description=_("session"))
    def session_state(self, row: AccessToken | RefreshToken) -> str:
        """Whether the token's session still acts."""
        return str(_("live")) if row.session.is_live() else row.session.get_end_reason_display()


class RefreshTokenAdmin(AccessTokenAdmin):
    """Refresh tokens by the beginning of their digest, with their place in the rotation."""

    list_display = ["digest_prefix", "user", "application", "created", "first_used_at", "expires_at", "session_state"]
    fields = [
        *("digest_prefix", "session", "user", "application", "predecessor"),
        *("created", "first_used_at", "expires_at"),
    ]


class GrantAdmin(ActsOnSessions):
    """Authorization codes, without the code."""

    list_display = ["id", "user", "application", "created", "expires", "used_at"]
    list_select_related = ["user", "application"]
    fields = ["session", "user", "application", "scope", "redirect_uri", "created", "expires", "used_at"]


class IDTokenAdmin(ReadOnlyAdmin):
    """The record of ID tokens."""

    list_display = ["jti", "user", "application", "created", "expires"]
    list_select_related = ["user", "application"]


@admin.register(SigningKey)
class SigningKeyAdmin(ReadOnlyAdmin):
    """The keys that sign ID tokens; the private half is never shown."""

    list_display = ["key_id", "created_at", "retired_at"]
    fields = ["key_id", "created_at", "retired_at"]


@admin.register(ServiceToken)
class ServiceTokenAdmin(ReadOnlyAdmin):
    """The tokens of services, by the beginning of their digest."""

    list_display = ["digest_prefix", "client", "created_at", "expires_at"]
    list_select_related = ["client"]
    search_fields = ["client__client_id", "client__name"]
    date_hierarchy = "created_at"
    fields = ["digest_prefix", "client", "created_at", "expires_at"]
    actions = ["revoke"]

    def has_end_permission(self, request: HttpRequest) -> bool:
        """Who may revoke."""
        return request.user.has_perm("oauth.change_client")

    @admin.display(description=_("digest begins"))
    def digest_prefix(self, token: ServiceToken) -> str:
        """Enough to tell rows apart."""
        return token.token_checksum[:8]

    @admin.action(description=_("Revoke the selected tokens"), permissions=["end"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ServiceToken]) -> None:
        """Let the selected tokens act no more."""
        staff, address = staff_of(request), client_address(request)
        tokens = queryset.select_related("client")
        revoked = sum(revoke_service_token(row=token, actor=staff, address=address) for token in tokens)
        messages.success(request, ngettext("%d token was revoked.", "%d tokens were revoked.", revoked) % revoked)
