"""Pages on which people sign in, where allauth's own views need a change, and the page of a refused form."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import structlog
from allauth.account import views as allauth_views
from allauth.account.internal.stagekit import clear_login
from allauth.account.utils import get_next_redirect_url
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET
from django.views.generic.edit import FormView

from accounts.addresses import client_address
from accounts.begun import begin_reset, begin_sign_in
from accounts.errors import MailNotSent
from accounts.guests import forget_guest
from accounts.models import User
from accounts.services import take_back_sign_up
from accounts.sign_in import LONGEST_KEPT, TYPED_EMAIL_KEY, TYPED_KEY

log = structlog.get_logger(__name__)


class _StartsOver:
    """Whoever comes back to the first page starts over.

    allauth leads them on to the code that they were asked for last, without the `next` they came with, and nobody who
    chose "email me a code" would get back to the password.
    """

    def _redirect_to_pending_stage(self, request: HttpRequest, stage: Any) -> None:
        clear_login(request)


class _KnowsTheEmail(FormView[BaseForm]):
    """Whoever comes from a mailed code that did not work finds in the field where it went to."""

    field = "email"

    def get_initial(self) -> dict[str, Any]:
        initial = super().get_initial()
        email = self.request.session.pop(TYPED_EMAIL_KEY, "")
        return {**initial, self.field: email} if email else initial


class LoginView(_KnowsTheEmail, _StartsOver, allauth_views.LoginView):
    """Sign in with a password."""

    field = "login"


class SignupView(_StartsOver, allauth_views.SignupView):
    """Create an account."""

    def form_valid(self, form: BaseForm) -> HttpResponse:
        """As upstream; an account whose owner cannot be sent the code that it begins with is not made."""
        try:
            response: HttpResponse = super().form_valid(form)
        except MailNotSent:
            account: User | None = getattr(self, "user", None)
            if account is not None:
                take_back_sign_up(account=account, address=client_address(self.request))
            raise
        return response


class RequestLoginCodeView(_KnowsTheEmail, _StartsOver, allauth_views.RequestLoginCodeView):
    """Sign in with a code by e-mail."""

    def form_valid(self, form: Any) -> HttpResponse:
        """As upstream; the code is worth nothing once the account's access is another."""
        response: HttpResponse = super().form_valid(form)
        if form._user is not None:
            begin_sign_in(self.request, form._user)
        return response


class ResetPasswordView(_KnowsTheEmail, allauth_views.PasswordResetView):
    """Ask for a code that lets one choose another password."""

    def form_valid(self, form: BaseForm) -> HttpResponse:
        """As upstream; the code is worth nothing once the account's access is another."""
        response: HttpResponse = super().form_valid(form)
        begin_reset(self.request)
        return response


@method_decorator(sensitive_post_parameters("typed"), name="dispatch")
class LogoutView(allauth_views.LogoutView):
    """Sign out, and leave no guest behind."""

    def post(self, *args: Any, **kwargs: Any) -> HttpResponse:
        """The same form starts a sign-in over, for who is not signed in yet: that hands the browser to nobody.

        Whoever signs out only to sign in again, as themselves (`sign_in_again`) or with another account, finds
        afterwards what they typed: the form has it, or the session that ends here.
        """
        was_signed_in = self.request.user.is_authenticated
        typed = ""
        if "comes_back" in self.request.POST:
            typed = self.request.POST.get("typed") or self.request.session.get(TYPED_KEY, "")
        response: HttpResponse = super().post(*args, **kwargs)
        if typed:
            self.request.session[TYPED_KEY] = typed[:LONGEST_KEPT]
        if was_signed_in:
            forget_guest(response)
        return response


@never_cache
@require_GET
@login_required
def sign_in_again(request: HttpRequest) -> HttpResponse:
    """Ask a person who has no password to sign out and in again by code: how they show once more that it is them."""
    following = get_next_redirect_url(request) or settings.LOGIN_REDIRECT_URL
    by_code = f"{reverse('account_request_login_code')}?{urlencode({'next': following})}"
    return render(request, "account/sign_in_again.html", {"by_code_url": by_code})


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Say that a form was too old or came from another site, and what to do. `reason` is for the log only."""
    log.warning("csrf_refused", path=request.path, reason=str(reason))
    return render(request, "403_csrf.html", status=403)
