"""The admin of clients, sessions and tokens: read-only, with *end* and *block*, which call the services."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.addresses import client_address
from accounts.models import User
from oauth.forms import ClientSetupForm
from oauth.models import AccessToken, Client, ClientDocument, ConnectorSession, RefreshToken, ServiceToken, SigningKey
from oauth.service_tokens import revoke_service_token
from oauth.services import block_client, end_session
from oauth.setup import set_up_client


class ReadOnlyAdmin(admin.ModelAdmin[Any]):
    """Rows that nobody writes by hand."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def _end_sessions(request: HttpRequest, sessions: QuerySet[ConnectorSession]) -> int:
    staff, address = cast("User", request.user), client_address(request)
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


class ClientAdmin(ReadOnlyAdmin):
    """The clients that connect, who vouches for them, and whether people reported them. Staff may set one up."""

    list_display = ["name_or_id", "registration_source", "verified_host", "client_type", "last_used_at", "state"]
    list_filter = ["registration_source", "client_type", ("blocked_at", admin.EmptyFieldListFilter)]
    search_fields = ["client_id", "name", "redirect_uris"]
    date_hierarchy = "created"
    fields = [
        *("client_id", "name", "registration_source", "verified_host", "client_uri", "client_type"),
        *("token_endpoint_auth_method", "grant_types", "redirect_uris", "software_id", "software_version"),
        *("served_resource", "serves_legacy_family", "may_resolve_identities"),
        *("created", "last_used_at", "flagged_at", "blocked_at"),
    ]
    actions = ["block", "unblock"]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Who may set up clients."""
        return request.user.has_perm("oauth.add_client")

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """The form of a new client; existing ones are not written by hand."""
        return super().get_form(request, obj, change, **kwargs) if obj else ClientSetupForm

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """All there is to see of a client, and what is to be said of a new one."""
        return super().get_fields(request, obj) if obj else ClientSetupForm.Meta.fields

    def save_model(self, request: HttpRequest, obj: Client, form: Any, change: bool) -> None:
        """Call the service; the secret is shown on the answer to this request and never again."""
        client, secret = set_up_client(
            name=form.cleaned_data["name"],
            redirect_uris=form.cleaned_data["redirect_uris"].split(),
            confidential=form.cleaned_data["confidential"],
            served_resource=form.cleaned_data["served_resource"],
            serves_legacy_family=form.cleaned_data["serves_legacy_family"],
            may_resolve_identities=form.cleaned_data["may_resolve_identities"],
            actor=cast("User", request.user),
        )
        obj.pk, obj.client_id, obj._new_secret = client.pk, client.client_id, secret

    def response_add(self, request: HttpRequest, obj: Client, post_url_continue: str | None = None) -> HttpResponse:
        """The client's id and secret, on a page that is not cached and cannot be opened again."""
        context = {**self.admin_site.each_context(request), "client": obj, "secret": obj._new_secret}
        response = render(request, "oauth/admin/client_set_up.html", context)
        add_never_cache_headers(response)
        return response

    def has_block_permission(self, request: HttpRequest) -> bool:
        """Who may shut clients out."""
        return request.user.has_perm("oauth.change_client")

    @admin.display(description=_("client"), ordering="name")
    def name_or_id(self, client: Client) -> str:
        """The name that the client gave itself, or its id."""
        return str(client)

    @admin.display(description=_("state"))
    def state(self, client: Client) -> str:
        """Blocked, reported, or nothing."""
        if client.blocked_at:
            return str(_("blocked"))
        return str(_("reported")) if client.flagged_at else ""

    @admin.action(description=_("Block the selected clients"), permissions=["block"])
    def block(self, request: HttpRequest, queryset: QuerySet[Client]) -> None:
        """Shut the clients out at once."""
        self._set_blocked(request, queryset, blocked=True)

    @admin.action(description=_("Unblock the selected clients"), permissions=["block"])
    def unblock(self, request: HttpRequest, queryset: QuerySet[Client]) -> None:
        """Let the clients in again."""
        self._set_blocked(request, queryset, blocked=False)

    def _set_blocked(self, request: HttpRequest, queryset: QuerySet[Client], *, blocked: bool) -> None:
        staff = cast("User", request.user)
        changed = sum(block_client(client=client, actor=staff, blocked=blocked) for client in queryset)
        messages.success(request, ngettext("%d client was changed.", "%d clients were changed.", changed) % changed)


@admin.register(ClientDocument)
class ClientDocumentAdmin(ReadOnlyAdmin):
    """The stored copies of metadata documents, and what keeps a document from being fetched again."""

    list_display = ["__str__", "client_name", "fetched_at", "next_fetch_at", "failures", "failure"]
    list_filter = [("failure", admin.EmptyFieldListFilter)]
    list_select_related = ["client"]
    search_fields = ["client__client_id", "client__name"]
    date_hierarchy = "fetched_at"
    fields = [
        *("client", "fetched_at", "next_fetch_at", "failures", "failure"),
        *("signing_alg", "jwks_uri", "keys", "keys_fetched_at", "keys_fresh_until"),
        *("keys_attempted_at", "keys_failures"),
    ]

    @admin.display(description=_("name"), ordering="client__name")
    def client_name(self, document: ClientDocument) -> str:
        """The name that the document gives its client."""
        return document.client.name


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
        staff, address = cast("User", request.user), client_address(request)
        tokens = queryset.select_related("client")
        revoked = sum(revoke_service_token(row=token, actor=staff, address=address) for token in tokens)
        messages.success(request, ngettext("%d token was revoked.", "%d tokens were revoked.", revoked) % revoked)
