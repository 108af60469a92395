"""The admin of clients: read-only, with *block*; a client of staff's own, and the logo of one, are set up here."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.admin import ReadOnlyAdmin, staff_of
from oauth.forms import ClientLogoForm, ClientSetupForm
from oauth.logos import remove_client_logo, set_client_logo
from oauth.models import Client, ClientDocument, ClientLogo
from oauth.services import block_client, set_up_client


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
            actor=staff_of(request),
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
        staff = staff_of(request)
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


@admin.register(ClientLogo)
class ClientLogoAdmin(admin.ModelAdmin[ClientLogo]):
    """The logos that people see for clients. Another one takes the place of the last."""

    form = ClientLogoForm
    list_display = ["client", "logo_now", "updated_at"]
    list_select_related = ["client"]
    search_fields = ["client__client_id", "client__name"]
    autocomplete_fields = ["client"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ClientLogo]:
        """Without the images themselves."""
        return super().get_queryset(request).defer("image")

    def get_fields(self, request: HttpRequest, obj: ClientLogo | None = None) -> Any:
        """The client is chosen once."""
        return ["client", "logo_now", "upload"] if obj else ["client", "upload"]

    def get_readonly_fields(self, request: HttpRequest, obj: ClientLogo | None = None) -> list[str]:
        """What is there already."""
        return ["client", "logo_now"] if obj else []

    @admin.display(description=_("logo now"))
    def logo_now(self, logo: ClientLogo) -> str:
        """As people see it."""
        return format_html('<img src="{}" alt="" width="44" height="44">', reverse("oauth:logo", args=[logo.digest]))

    def save_model(self, request: HttpRequest, obj: ClientLogo, form: Any, change: bool) -> None:
        """Call the service."""
        image, staff = form.cleaned_data["upload"], staff_of(request)
        obj.pk = set_client_logo(client=obj.client, image=image, actor=staff).pk

    def delete_model(self, request: HttpRequest, obj: ClientLogo) -> None:
        """Call the service."""
        remove_client_logo(logo=obj, actor=staff_of(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[ClientLogo]) -> None:
        """Each through the service."""
        for logo in queryset:
            self.delete_model(request, logo)
