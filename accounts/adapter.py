"""Where django-allauth asks us: whose address it is, where `next` may lead, how mail leaves, what is audited."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from allauth.account import app_settings
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.core import context as allauth_context
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _

from accounts.addresses import address_block, client_address
from accounts.audit import AccountAction, record_audit
from accounts.mail import enqueue_mail, render_text
from accounts.models import User

CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f]")


class AccountAdapter(DefaultAccountAdapter):
    """allauth's adapter, where design.md asks for more."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": _("That email and password do not belong to an account here."),
        "email_taken": _("There is already an account with this email. Log in, or reset its password."),
        "enter_current_password": _("That is not your current password."),
        "incorrect_password": _("That is not your password."),
        "incorrect_code": _("That is not the code we sent last. Check the newest email."),
        "too_many_login_attempts": _("Too many attempts. Wait a few minutes, then try again."),
        "rate_limited": _("We have just sent you a code. Wait a minute before you ask for another."),
    }

    # --- Where a request comes from and goes to ---------------------------------------------------------------------

    def get_client_ip(self, request: HttpRequest) -> str:
        """The unit that allauth's limits count; allauth's own reading of X-Forwarded-For has settings of its own."""
        return address_block(client_address(request))

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        # allauth's key has the Host header in it, port and all: every port would be a new limit for the same account.
        return str(credentials.get("email", "")).lower()

    def is_safe_url(self, url: str) -> bool:
        """Whether `next` stays on this site; allauth's own would let it lead to any host in ALLOWED_HOSTS."""
        public = urlsplit(settings.DEXTER_PUBLIC_URL)
        return not CONTROL_CHARACTERS.search(url) and url_has_allowed_host_and_scheme(
            url, allowed_hosts={public.netloc}, require_https=public.scheme == "https"
        )

    def is_ajax(self, request: HttpRequest) -> bool:
        """Never: no script of ours calls these pages, and allauth's JSON answer repeats a typed password."""
        return False

    # --- Mail ---------------------------------------------------------------------------------------------------------

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send allauth's mail as we send ours.

        Links in it are built from DEXTER_PUBLIC_URL by the templates: those that allauth puts into `context` come from
        the request's Host header, and whoever asked for the mail wrote that.
        """
        known = {"code": context["code"]} if "code" in context else {}
        subject = render_text(f"{template_prefix}_subject.txt", known)
        body = render_text(f"{template_prefix}_message.txt", known)
        enqueue_mail(subject=subject, body=body, to=email)

    # --- Signing up, in and out, and passwords ------------------------------------------------------------------------

    def save_user(self, request: HttpRequest, user: User, form: BaseForm, commit: bool = True) -> User:
        """Save a new account with its audit row; the form holds the transaction."""
        saved: User = super().save_user(request, user, form, commit)
        record_audit(AccountAction.SIGNED_UP, actor=saved, account=saved, address=client_address(request))
        return saved

    def login(self, request: HttpRequest, user: User) -> None:
        """Put the account into a session with a new key."""
        records = get_authentication_records(request, user)
        method = str(records[-1]["method"]) if records else "sign_up"
        with transaction.atomic():
            if method == "code" and user.last_login is None and _addresses_are_proven_first():
                _drop_unproven_password(request, user)
            super().login(request, user)
            record_audit(
                AccountAction.SIGNED_IN,
                actor=user,
                account=user,
                address=client_address(request),
                detail={"method": method},
            )

    def pre_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse | None:
        """Turn away an account that staff deactivated."""
        response: HttpResponse | None = super().pre_login(request, user, **kwargs)
        if response is not None:
            _record_refusal(request, account=user, reason="inactive")
        return response

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Keep who was tried; an address that has no account stays out of the log, it is somebody's."""
        account = User.objects.filter(email=str(credentials.get("email", "")).lower()).first()
        _record_refusal(request, account=account, reason="wrong_password" if account else "unknown_email")

    def set_password(self, user: User, password: str) -> None:
        """Save a changed, first or reset password."""
        with transaction.atomic():
            super().set_password(user, password)
            record_audit(
                AccountAction.PASSWORD_CHANGED,
                actor=user,
                account=user,
                address=client_address(allauth_context.request),
            )

    def get_reauthentication_methods(self, user: User | AnonymousUser) -> list[dict[str, Any]]:
        """By password; an account that has none signs in again by code."""
        methods: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        if methods or not user.is_authenticated:
            return methods
        return [{"id": "sign_in_again", "description": _("Email me a code"), "url": reverse("account_sign_in_again")}]


def _addresses_are_proven_first() -> bool:
    return bool(app_settings.EMAIL_VERIFICATION == app_settings.EmailVerificationMethod.MANDATORY)


def _drop_unproven_password(request: HttpRequest, user: User) -> None:
    """Forget a password that was chosen before anybody proved the address to be theirs.

    Anybody can sign up with another person's address and wait; when that person signs in by code the address is proven,
    and the password of whoever waited would open the account.
    """
    if user.has_usable_password():
        user.set_unusable_password()
        user.save(update_fields=["password"])
        record_audit(
            AccountAction.PASSWORD_CHANGED, account=user, address=client_address(request), reason="unproven_removed"
        )
        messages.warning(request, _("The password from before you confirmed your email was removed. Set a new one."))


def _record_refusal(request: HttpRequest, *, account: User | None, reason: str) -> None:
    record_audit(AccountAction.SIGN_IN_REFUSED, account=account, address=client_address(request), reason=reason)
