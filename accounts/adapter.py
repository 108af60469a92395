"""Where django-allauth asks us: whose address it is, where `next` may lead, how mail leaves, what is audited."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import structlog
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.core import context as allauth_context
from allauth.core.exceptions import ImmediateHttpResponse
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.db import transaction
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.addresses import address_block, client_address
from accounts.audit import AccountAction, record_audit
from accounts.begun import begin_sign_in
from accounts.browsers import describe_browser
from accounts.errors import TooManyPasswords
from accounts.known_browsers import KnownBrowser, read_known_browser
from accounts.limits import EMAIL_CODE_LIFETIME, MAILED_CODE_LIFETIME, in_minutes
from accounts.mail import enqueue_mail, render_mail
from accounts.models import User
from accounts.services import (
    admit_asked_mail,
    admit_password,
    end_other_browsers,
    forget_passwords,
    forgive_password,
)
from accounts.sign_in import signed_in_recently

log = structlog.get_logger(__name__)

STRONG_METHODS = ("mfa_reauthenticate:webauthn", "mfa_reauthenticate")
# What allauth may tell our templates. Its addresses of pages are not among it.
MAILED = ("code", "timestamp", "from_email", "to_email")
# The mails with a code in them, and how long it is good for.
CODE_LIFETIMES = {
    "account/email/login_code": MAILED_CODE_LIFETIME,
    "account/email/password_reset_code": MAILED_CODE_LIFETIME,
    "account/email/email_confirmation": EMAIL_CODE_LIFETIME,
    "account/email/email_confirmation_signup": EMAIL_CODE_LIFETIME,
}
CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f]")


class AccountAdapter(DefaultAccountAdapter):
    """Nothing here trusts the Host header; mail is ours and is limited; what changes an account is audited with it."""

    # For which the password that is being compared was counted: a right one is taken back from where it was.
    _password_browser: KnownBrowser | None = None

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": _("That email and password do not belong to an account here."),
        "email_taken": _("There is already an account with this email. Sign in, or reset its password."),
        "enter_current_password": _("That is not your current password."),
        "incorrect_password": _("That is not your password."),
        "incorrect_code": _("That is not the code we sent last. Check the newest email."),
        "too_many_login_attempts": _("Too many attempts. Wait a few minutes, or sign in another way."),
        "rate_limited": _("A code was asked for just now. Wait a minute before you ask for another."),
    }

    # --- Where a request comes from and goes to ---------------------------------------------------------------------

    def get_client_ip(self, request: HttpRequest) -> str:
        """The unit that allauth's limits count; allauth's own reading of X-Forwarded-For has settings of its own."""
        return address_block(client_address(request))

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

        What anybody can have sent by typing an address is limited, and whoever typed it is not told. A browser that is
        known for the account with this address has limits of its own.
        """
        # allauth names the browser in what tells the account's owner that something was changed; that always goes out.
        is_asked_for = "user_agent" not in context
        browser = read_known_browser(self.request, email=email) if is_asked_for else None
        if is_asked_for and not admit_asked_mail(email=email, browser=browser):
            log.warning("mail.withheld", template=template_prefix)
            return
        known = {name: context[name] for name in MAILED if name in context}
        if template_prefix in CODE_LIFETIMES:
            known["minutes"] = in_minutes(CODE_LIFETIMES[template_prefix])
        if not is_asked_for:
            known["browser"] = describe_browser(context["user_agent"])
            known["address"] = client_address(self.request)
        mail = render_mail(
            subject=f"{template_prefix}_subject.txt",
            text=f"{template_prefix}_message.txt",
            context=known,
            language=_language_of(email),
        )
        # Whoever waits for an answer has to be told that it does not come, whether the address has an account or not.
        # allauth names the browser in what tells of a change: that has happened, and stays.
        enqueue_mail(mail, to=email, robust=not is_asked_for)

    # --- Signing up, in and out, and passwords ------------------------------------------------------------------------

    def save_user(self, request: HttpRequest, user: User, form: BaseForm, commit: bool = True) -> User:
        """Save a new account with its audit row; the form holds the transaction."""
        saved: User = super().save_user(request, user, form, commit)
        record_audit(AccountAction.SIGNED_UP, actor=saved, account=saved, address=client_address(request))
        return saved

    def login(self, request: HttpRequest, user: User) -> None:
        """Put the account into a session with a new key."""
        records = get_authentication_records(request, user)
        method = _method_of(records[-1]) if records else "sign_up"
        if any(record["method"] == "code" and record.get("email") not in (None, user.email) for record in records):
            # The code went to an address that was the account's when it was asked for, and is not any more.
            _record_refusal(request, account=user, reason="email_changed")
            raise ImmediateHttpResponse(redirect("account_login"))
        with transaction.atomic():
            if method == "code":
                # `accounts.proofs` may have dropped it since this object was read. The session's hash is made of it.
                user.refresh_from_db(fields=["password"])
            super().login(request, user)
            User.objects.filter(pk=user.pk).update(language=get_language() or "")
            record_audit(
                AccountAction.SIGNED_IN,
                actor=user,
                account=user,
                address=client_address(request),
                detail={"method": method},
            )

    def pre_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse | None:
        """Turn away an account that staff deactivated. What others have shown is good until their access changes."""
        response: HttpResponse | None = super().pre_login(request, user, **kwargs)
        if response is not None:
            _record_refusal(request, account=user, reason="inactive")
            return response
        records = get_authentication_records(request, user)
        if not records or records[-1]["method"] != "password":
            # What was shown may itself have changed it since this object was read: a reset, the proof of an address.
            # A password was compared with what this object holds.
            user.refresh_from_db(fields=["password", "browser_epoch"])
        begin_sign_in(request, user)
        return None

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """As upstream, which limits the network; and count for the account, or for a browser that is known for it."""
        super().pre_authenticate(request, **credentials)
        email = str(credentials.get("email", ""))
        self._password_browser = read_known_browser(request, email=email)
        try:
            admit_password(email=email, browser=self._password_browser, address=client_address(request))
        except TooManyPasswords as refusal:
            if self._password_browser is None:
                raise self.validation_error("too_many_login_attempts") from None
            raise ValidationError(refusal.description) from None

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """As upstream; a right password counts for nothing."""
        account: User | None = super().authenticate(request, **credentials)
        if account is not None:
            forgive_password(email=str(credentials.get("email", "")), browser=self._password_browser)
        return account

    def _delete_login_attempts_cached_email(self, request: HttpRequest, **credentials: Any) -> None:
        # Upstream does so after a reset.
        super()._delete_login_attempts_cached_email(request, **credentials)
        forget_passwords(email=str(credentials.get("email", "")))

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Keep who was tried; an address that has no account stays out of the log, it is somebody's."""
        account = User.objects.filter(email=str(credentials.get("email", "")).lower()).first()
        _record_refusal(request, account=account, reason="wrong_password" if account else "unknown_email")

    def set_password(self, user: User, password: str) -> None:
        """Save a changed, first or reset password, and sign the account out in every other browser."""
        request = allauth_context.request
        address, key = client_address(request), request.session.session_key
        with transaction.atomic():
            super().set_password(user, password)
            record_audit(AccountAction.PASSWORD_CHANGED, actor=user, account=user, address=address)
            end_other_browsers(account=user, session_key=key, address=address)

    def get_reauthentication_methods(self, user: User | AnonymousUser) -> list[dict[str, Any]]:
        """By second factor where there is one, by password otherwise; an account without either signs in again.

        Upstream takes the password even where there is a second factor: it is what a browser fills in for a thief.
        """
        methods: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        strong = [method for method in methods if method["id"] in STRONG_METHODS]
        # A passkey is one touch; it comes first.
        strong.sort(key=lambda method: STRONG_METHODS.index(method["id"]))
        for method in strong:
            if method["id"] == STRONG_METHODS[0]:
                # As everywhere else here; upstream says "security key".
                method["description"] = _("Use a passkey")
        if strong or methods or not user.is_authenticated:
            return strong or methods
        return [{"id": "sign_in_again", "description": _("Email me a code"), "url": reverse("account_sign_in_again")}]

    def is_reauthentication_required(self, app: str) -> bool:
        """As everywhere on this site: unless the person signed in within the last fifteen minutes.

        The second line behind `recent_sign_in_required`, which stands in front of allauth's pages: upstream itself
        lets everybody pass who has no password.
        """
        return not signed_in_recently(allauth_context.request)


def _method_of(record: dict[str, Any]) -> str:
    """How somebody showed who they are: `password`, `code`, `totp`, `webauthn` or `recovery_codes`."""
    return str(record["type"] if record["method"] == "mfa" else record["method"])


def _language_of(email: str) -> str:
    """What the account with this address reads; nothing for an address without one."""
    return User.objects.filter(email=email.lower()).values_list("language", flat=True).first() or ""


def _record_refusal(request: HttpRequest, *, account: User | None, reason: str) -> None:
    record_audit(AccountAction.SIGN_IN_REFUSED, account=account, address=client_address(request), reason=reason)
