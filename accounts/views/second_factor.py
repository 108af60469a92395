"""Passkeys, authenticator apps and recovery codes, where allauth's own views need a change."""

from __future__ import annotations

from typing import Any

from allauth.account.utils import get_next_redirect_url
from allauth.core.internal.httpkit import add_query_params
from allauth.mfa.base import views as base_views
from allauth.mfa.recovery_codes import views as recovery_views
from allauth.mfa.webauthn import views as webauthn_views
from allauth.mfa.webauthn.internal import auth
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.generic import View

from accounts.emails import email_is_verified
from accounts.second_factor import has_app
from accounts.sign_in import signed_in_account


class SecurityView(base_views.IndexView):
    """How the person signs in: password, passkeys, app and recovery codes."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """With whether anything may be added: not before the address is proven."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return {**context, "email_is_verified": email_is_verified(self.request.user)}


class AddPasskeyView(webauthn_views.AddWebAuthnView):
    """Add a passkey."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Ask the browser for a key that signs in on its own; upstream leaves that to a script and a checkbox."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return {**context, "js_data": {"creation_options": auth.begin_registration(self.request.user, True)}}

    def form_valid(self, form: Any) -> HttpResponse:
        """Save the key, the recovery codes that come with the first one, and the audit rows, or nothing."""
        with transaction.atomic():
            return super().form_valid(form)

    def form_invalid(self, form: Any) -> HttpResponse:
        """Say what was wrong; the key has to be made anew."""
        for errors in form.errors.values():
            for error in errors:
                messages.error(self.request, error)
        return HttpResponseRedirect(reverse("mfa_add_webauthn"))


class LoginPasskeyView(webauthn_views.LoginWebAuthnView):
    """Sign in with a passkey alone."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """What the browser needs to find the key. Upstream answers so only to what calls itself AJAX."""
        return JsonResponse({"request_options": auth.begin_authentication(user=None)})

    def form_invalid(self, form: Any) -> HttpResponse:
        """Back to the sign-in page, which leads on to where the person was going."""
        for error in form.errors.get("credential", []):
            messages.error(self.request, error)
        following = get_next_redirect_url(self.request)
        query = {"next": following} if following else {}
        return HttpResponseRedirect(add_query_params(reverse("account_login"), query))


class ReauthenticateView(base_views.ReauthenticateView):
    """Show once more that it is you, with a code of an app, or a recovery code."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """With whether there is an app: whoever has only a passkey is asked for no code of one."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return {**context, "has_app": has_app(signed_in_account(self.request))}


class ReauthenticatePasskeyView(webauthn_views.ReauthenticateWebAuthnView):
    """Show once more that it is you, with a passkey."""

    def form_invalid(self, form: Any) -> HttpResponse:
        """The same page again; upstream leads away to the sign-in page."""
        for error in form.errors.get("credential", []):
            messages.error(self.request, error)
        return HttpResponseRedirect(self.passthrough_next_url(reverse("mfa_reauthenticate_webauthn")))


class _LeadsToNewCodes(View):
    """Codes that were encrypted under another DEXTER_SECRET_KEY cannot be shown, nor work: new ones have to do."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            response = super().dispatch(request, *args, **kwargs)
        except ValidationError:
            return redirect("mfa_generate_recovery_codes")
        return response


class RecoveryCodesView(_LeadsToNewCodes, recovery_views.ViewRecoveryCodesView):
    """The codes that are left."""


class RecoveryCodesFileView(_LeadsToNewCodes, recovery_views.DownloadRecoveryCodesView):
    """The same as a file."""


class NewRecoveryCodesView(recovery_views.GenerateRecoveryCodesView):
    """Make new codes in place of those that there are."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """With how many are left, or with what it means that nobody can tell."""
        try:
            context: dict[str, Any] = super().get_context_data(**kwargs)
        except ValidationError:
            # What upstream's class adds is the count, which fails.
            context = super(recovery_views.GenerateRecoveryCodesView, self).get_context_data(**kwargs)
            return {**context, "unused_code_count": 0, "are_unreadable": True}
        return context
