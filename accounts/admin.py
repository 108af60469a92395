"""What staff see of people, and the audit log."""

from __future__ import annotations

from typing import Any, ClassVar, cast

import allauth.account.admin
import allauth.mfa.admin  # noqa: F401  (both register what is unregistered below)
from allauth.account.decorators import secure_admin_login
from allauth.account.models import EmailAddress
from allauth.core import context as allauth_context
from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminPasswordChangeForm, AdminUserCreationForm
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts import services
from accounts.addresses import client_address
from accounts.audit import AccountAction, record_audit
from accounts.models import AuditEntry, User


def change_own_password(request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
    """Send staff to the page where everybody changes their password: it is limited and audited."""
    return redirect("account_change_password")


# Staff sign in on the same page as everybody, under the same limits.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
admin.site.password_change = change_own_password  # type: ignore[method-assign,assignment]
# A row of this table decides who may sign in as whom. It follows `User.email` and is nobody's to edit by hand.
admin.site.unregister(EmailAddress)
# Nor is a row of this one, whose data is secret.
admin.site.unregister(Authenticator)


class ReadOnlyAdmin(admin.ModelAdmin[Any]):
    """Rows that nobody writes by hand."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def staff_of(request: HttpRequest) -> User:
    """Whose request it is: the admin lets nobody in who is signed out."""
    return cast("User", request.user)


class PersonAddForm(AdminUserCreationForm):
    """A new account; the person confirms the address when they first sign in."""

    class Meta:
        model = User
        fields = ("email", "display_name")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].required = True

    def clean_email(self) -> str:
        """The address in lower case, as sign-up saves it."""
        return str(self.cleaned_data["email"]).lower()


class PersonChangeForm(forms.ModelForm[User]):
    """An account or a guest, without the password."""

    class Meta:
        model = User
        fields = ("email", "display_name", "is_active", "is_staff", "is_superuser", "groups", "user_permissions")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "email" in self.fields:
            self.fields["email"].required = True

    def clean_email(self) -> str:
        """The address in lower case, as sign-up saves it."""
        return str(self.cleaned_data["email"]).lower()


class PersonPasswordForm(AdminPasswordChangeForm):
    """Another password for somebody, or none."""

    def save(self, commit: bool = True) -> User:
        """Set it through its service: the person is told, and is signed out everywhere."""
        request = allauth_context.request
        services.set_password_of(
            account=self.user,
            password=self.cleaned_data["password1"] if self.cleaned_data["set_usable_password"] else None,
            actor=staff_of(request),
            address=client_address(request),
            session_key=_own_session(request, self.user),
        )
        return self.user


@admin.register(User)
class UserAdmin(DjangoUserAdmin):
    """Accounts and guests. Guests are made by connecting, never here."""

    form = PersonChangeForm
    add_form = PersonAddForm
    change_password_form = PersonPasswordForm
    add_fieldsets: Any = (
        (
            None,
            {"classes": ("wide",), "fields": ("email", "display_name", "usable_password", "password1", "password2")},
        ),
    )
    fieldsets: ClassVar[Any] = (
        (None, {"fields": ("email", "display_name", "subject", "is_guest")}),
        (_("What they may do"), {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
        (_("Dates"), {"fields": ("date_joined", "last_login")}),
    )
    readonly_fields = ("subject", "is_guest", "date_joined", "last_login")
    list_display = ("__str__", "subject", "display_name", "is_guest", "is_active", "is_staff", "date_joined")
    list_filter = ("is_guest", "is_active", "is_staff", "is_superuser", "date_joined")
    search_fields = ("email", "subject", "display_name")
    ordering = ("-date_joined",)
    date_hierarchy = "date_joined"
    actions = ("deactivate", "activate", "remove_second_factors")

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        """A guest has nothing to edit but being active; only a superuser gives out rights."""
        fields = list(super().get_readonly_fields(request, obj))
        if obj is not None and obj.is_guest:
            fields += ["email", "display_name", "is_staff", "is_superuser", "groups", "user_permissions"]
        elif not _is_superuser(request):
            fields += ["is_staff", "is_superuser", "groups", "user_permissions"]
        return fields

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Whoever can change a colleague's e-mail address or password may do what they may; only a superuser may."""
        return super().has_change_permission(request, obj) and _may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """As for changing."""
        return super().has_delete_permission(request, obj) and _may_touch(request, obj)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Save, and through their services what has consequences."""
        actor, address = staff_of(request), client_address(request)
        before = User.objects.get(pk=obj.pk) if change else None
        if before is not None and before.is_active != obj.is_active:
            services.set_active(account=before, is_active=obj.is_active, actor=actor, address=address)
        super().save_model(request, obj, form, change)
        if before is not None and before.email != obj.email:
            key = _own_session(request, obj)
            services.change_email(account=obj, email=obj.email or "", actor=actor, address=address, session_key=key)

    def log_addition(self, request: HttpRequest, obj: User, message: Any) -> Any:
        """Keep who added whom."""
        _record(AccountAction.STAFF_ADDED, request, account=obj)
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: User, message: Any) -> Any:
        """Keep who changed which fields; the password page asks here too."""
        _record(AccountAction.STAFF_CHANGED, request, account=obj, detail={"change": message})
        return super().log_change(request, obj, message)

    @admin.action(description=_("Deactivate: keep them out of the site and end what assistants may do"))
    def deactivate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Deactivate the selected people."""
        self._set_active(request, queryset, is_active=False)

    @admin.action(description=_("Activate: let them in again"))
    def activate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Activate the selected people."""
        self._set_active(request, queryset, is_active=True)

    @admin.action(description=_("Remove passkeys, app and recovery codes: for somebody who lost them"))
    def remove_second_factors(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Let the selected people sign in with password or emailed code alone."""
        changed = sum(
            services.remove_second_factors(account=user, actor=staff_of(request), address=client_address(request)) > 0
            for user in queryset
            if self.has_change_permission(request, user)
        )
        messages.success(
            request, ngettext("%(count)d person changed.", "%(count)d people changed.", changed) % {"count": changed}
        )

    def _set_active(self, request: HttpRequest, queryset: QuerySet[User], *, is_active: bool) -> None:
        allowed = [user for user in queryset if self.has_change_permission(request, user)]
        changed = sum(
            services.set_active(
                account=user, is_active=is_active, actor=staff_of(request), address=client_address(request)
            )
            for user in allowed
        )
        messages.success(
            request, ngettext("%(count)d person changed.", "%(count)d people changed.", changed) % {"count": changed}
        )


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """The audit log: to read, by anybody whom a superuser lets see it. `record_audit` is the only writer."""

    list_display = ("created_at", "action", "actor", "account", "client_id", "address", "reason")
    list_display_links = ("created_at", "action")
    list_filter = ("created_at", "action")
    list_select_related = ("actor", "account")
    search_fields = (
        "action",
        "client_id",
        "session_id",
        "request_id",
        "reason",
        "actor__email",
        "actor__subject",
        "account__email",
        "account__subject",
    )
    date_hierarchy = "created_at"
    show_full_result_count = False
    actions = None


def _is_superuser(request: HttpRequest) -> bool:
    return bool(getattr(request.user, "is_superuser", False))


def _may_touch(request: HttpRequest, user: User | None) -> bool:
    return user is None or _is_superuser(request) or not (user.is_staff or user.is_superuser)


def _own_session(request: HttpRequest, account: User) -> str | None:
    """The session that goes on when staff change their own account here."""
    return request.session.session_key if account == request.user else None


def _record(action: AccountAction, request: HttpRequest, *, account: User | None, **fields: Any) -> None:
    record_audit(action, actor=staff_of(request), account=account, address=client_address(request), **fields)
