"""Pages on which people type a code from an e-mail, or show a second factor, before they are signed in."""

from __future__ import annotations

from typing import Any, cast

from allauth.account import views as allauth_views
from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.code_verification import AbstractCodeVerificationProcess
from allauth.account.internal.flows.password_reset_by_code import PasswordResetVerificationProcess
from allauth.account.internal.stagekit import LOGIN_SESSION_KEY, clear_login, unstash_login
from allauth.account.utils import passthrough_next_redirect_url
from allauth.core.internal.httpkit import add_query_params
from allauth.mfa.base import views as base_views
from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.db import transaction
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.views.generic import View
from django.views.generic.edit import FormView

from accounts.addresses import client_address
from accounts.audit import AccountAction, record_audit
from accounts.begun import renew_reset, why_reset_ends, why_sign_in_ends
from accounts.errors import TooManyGuesses
from accounts.known_browsers import KnownBrowser, read_known_browser
from accounts.limits import EMAIL_CODE_LIFETIME, MAILED_CODE_LIFETIME, in_minutes
from accounts.models import User
from accounts.second_factor import has_app
from accounts.services import admit_mailed_code, forgive_mailed_code
from accounts.sign_in import TYPED_EMAIL_KEY


class _CountsGuesses(FormView[BaseForm]):
    """A guess is counted in the database before anybody compares it.

    allauth counts in the website session, once it has compared: of requests at once with one cookie each starts from
    the same count, and whoever starts over starts from nothing.
    """

    # How long the code is good for.
    lifetime = MAILED_CODE_LIFETIME
    # The page on which a new code is asked for, where allauth leads to another.
    asks_again_at = ""
    request: HttpRequest
    _process: AbstractCodeVerificationProcess

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        process = self._process
        if self._looks_at_a_code():
            account: User | None = process.user
            try:
                admit_mailed_code(
                    email=process.state["email"],
                    sent_at=process.state["at"],
                    account=account,
                    address=client_address(request),
                    browser=self._known_browser,
                )
            except TooManyGuesses as refusal:
                request.session[TYPED_EMAIL_KEY] = process.state["email"]
                process.abort()
                messages.error(request, str(refusal.description))
                return _leading_on(request, redirect("account_login"))
        response: HttpResponse = super().post(request, *args, **kwargs)
        return response

    def form_valid(self, form: BaseForm) -> HttpResponse:
        if self._looks_at_a_code():
            forgive_mailed_code(email=self._process.state["email"], browser=self._known_browser)
        response: HttpResponse = super().form_valid(form)
        return response

    def form_invalid(self, form: BaseForm) -> HttpResponse:
        """The third wrong code ends the attempt, and allauth forgets where the person was going.

        It also says to wait, as after too many passwords; but a new code can be asked for at once.
        """
        email = self._process.state["email"]
        response: HttpResponse = super().form_invalid(form)
        if isinstance(response, HttpResponseRedirect):
            self.request.session[TYPED_EMAIL_KEY] = email
            # Reading them takes them away.
            list(messages.get_messages(self.request))
            messages.error(self.request, _("That was wrong too often, and the code has ended. Ask for a new one."))
            if self.asks_again_at:
                response = redirect(self.asks_again_at)
        return _leading_on(self.request, response)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return {**context, "minutes": in_minutes(self.lifetime)}

    @cached_property
    def _known_browser(self) -> KnownBrowser | None:
        # Once for each request: what is forgiven is what was counted.
        return read_known_browser(self.request, email=self._process.state["email"])

    def _looks_at_a_code(self) -> bool:
        # Where a new code can be asked for, allauth tells the two buttons apart.
        return getattr(self, "_action", "verify") == "verify"


def _leading_on(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """A redirect with the `next` of the request; any other answer as it is."""
    if isinstance(response, HttpResponseRedirect):
        response["Location"] = passthrough_next_redirect_url(request, response.url, REDIRECT_FIELD_NAME)
    return response


class _EndsWithItsAccount(View):
    """A sign-in that waits for a code or a second factor ends when its account is deleted meanwhile.

    allauth remembers whose it is, finds nobody, and takes that for a sign-in of nobody.
    """

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if _account_is_gone(request):
            return _end_sign_in(request)
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return response


class _EndsWithItsPassword(_EndsWithItsAccount):
    """And when the password that was typed is the account's no more, it was signed out everywhere or is inactive."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        login = unstash_login(request, peek=True)
        if login is not None and login.user is not None:
            account = cast("User", login.user)
            if reason := why_sign_in_ends(request, account):
                return _refuse_sign_in(request, account=account, reason=reason)
        return super().dispatch(request, *args, **kwargs)


def _account_is_gone(request: HttpRequest) -> bool:
    login = unstash_login(request, peek=True)
    # An address without an account is asked for a code like any other; that was never anybody's sign-in.
    return login is not None and login.user is None and request.session[LOGIN_SESSION_KEY]["user_pk"] is not None


def _refuse_sign_in(request: HttpRequest, *, account: User, reason: str) -> HttpResponse:
    _record_refusal(request, account=account, reason=reason)
    if reason == "inactive":
        clear_login(request)
        return redirect("account_inactive")
    return _end_sign_in(request)


def _end_sign_in(request: HttpRequest) -> HttpResponse:
    clear_login(request)
    messages.warning(request, _("That did not work any more. Sign in again."))
    return redirect("account_login")


def _record_refusal(request: HttpRequest, *, account: User | None, reason: str) -> None:
    record_audit(AccountAction.SIGN_IN_REFUSED, account=account, address=client_address(request), reason=reason)


class _EndsWithWhatItBegan(FormView[BaseForm]):
    """A reset ends when the account's address, password or browsers are others than when it was asked for."""

    request: HttpRequest
    _process: PasswordResetVerificationProcess

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        process = PasswordResetVerificationProcess.resume(request)
        if process is not None and "user_id" in process.state:
            account: User | None = process.user
            reason = why_reset_ends(process, account)
            if reason and process.state.get("code_confirmed"):
                return self._refuse(request, process, account, reason)
            if reason in ("account_gone", "email_changed"):
                # Whoever waits without a code may know no more than the address: they are told nothing, and what else
                # the owner does meanwhile ends the reset when the right code is typed.
                process.abort()
                _record_refusal(request, account=account, reason=reason)
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return response

    def form_valid(self, form: BaseForm) -> HttpResponse:
        """As upstream, on top of what the account is by now: two who choose a password at once both began with one."""
        with transaction.atomic():
            account = User.objects.select_for_update(no_key=True).filter(pk=self._process.user.pk).first()
            reason = why_reset_ends(self._process, account)
            if not reason:
                response: HttpResponse = super().form_valid(form)
                renew_reset(self.request)
                return response
        return self._refuse(self.request, self._process, account, reason)

    def _refuse(
        self, request: HttpRequest, process: PasswordResetVerificationProcess, account: User | None, reason: str
    ) -> HttpResponse:
        process.abort()
        _record_refusal(request, account=account, reason=reason)
        if reason == "inactive":
            return redirect("account_inactive")
        request.session[TYPED_EMAIL_KEY] = process.state["email"]
        messages.warning(request, _("That did not work any more. Ask for a new code."))
        return _leading_on(request, redirect("account_reset_password"))


class ConfirmLoginCodeView(_EndsWithItsAccount, _CountsGuesses, allauth_views.ConfirmLoginCodeView):
    """Type the code of a sign-in."""

    def form_valid(self, form: BaseForm) -> HttpResponse:
        """As upstream, unless the account's access is another than when the code was asked for.

        Not earlier: whoever waits here without a code may know no more than the address.
        """
        account: User = self._process.user
        if reason := why_sign_in_ends(self.request, account):
            return _refuse_sign_in(self.request, account=account, reason=reason)
        return super().form_valid(form)


class ConfirmEmailView(_EndsWithItsPassword, _CountsGuesses, allauth_views.ConfirmEmailVerificationCodeView):
    """Type the code that proves the address of a new account."""

    lifetime = EMAIL_CODE_LIFETIME


class SecondStepView(_EndsWithItsPassword, base_views.AuthenticateView):
    """Show a second factor, after the password or the code from an e-mail."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """With what there is to show, and where another account signs in: on the way to where this one was going."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        following = self.stage.login.redirect_url
        query = {REDIRECT_FIELD_NAME: following} if following and get_adapter().is_safe_url(following) else {}
        start_over_url = add_query_params(reverse("account_login"), query)
        return {**context, "has_app": has_app(self.stage.login.user), "start_over_url": start_over_url}


class ConfirmPasswordResetCodeView(_EndsWithWhatItBegan, _CountsGuesses, allauth_views.ConfirmPasswordResetCodeView):
    """Type the code of a password reset."""

    asks_again_at = "account_reset_password"


class CompletePasswordResetView(_EndsWithWhatItBegan, allauth_views.CompletePasswordResetView):
    """Choose the new password."""
