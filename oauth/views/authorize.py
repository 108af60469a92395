"""The authorization endpoint: the consent page, and the way back to the assistant (RFC 6749 §3.1, §4.1)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache
from oauth2_provider.exceptions import FatalClientError, OAuthToolkitError
from oauth2_provider.oauth2_backends import _add_iss_to_redirect
from oauth2_provider.views.mixins import OAuthLibMixin
from oauthlib.oauth2.rfc6749 import errors

from accounts.addresses import client_address
from accounts.audit import record_audit
from accounts.emails import mask_email
from accounts.guests import read_guest, remember_guest
from accounts.models import User
from accounts.services import create_guest
from oauth.audit import OAuthAction
from oauth.backends import AuthorizationCore
from oauth.bearer import linked_account
from oauth.models import Client
from oauth.redirects import is_loopback
from oauth.scopes import scope_sentences
from oauth.services import Consent


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """A valid authorization request: what the consent page shows and the answer is built from."""

    client: Client
    scopes: list[str]
    redirect_uri: str
    credentials: dict[str, Any]

    def stamp(self, request: HttpRequest) -> str:
        """What the person was shown, in one digest. The form sends it back, and a decision counts only for the same.

        It changes when the client registers again under another name or redirect, when the request in another tab is
        another one, and when somebody else signs in meanwhile.
        """
        shown = [
            *(self.client.pk, self.client.client_id, self.client.name, self.client.redirect_uris),
            *(str(self.client.created), self.scopes, self.redirect_uri),
            *(request.GET.get(name) for name in ("state", "code_challenge", "nonce", "resource")),
            request.user.pk if request.user.is_authenticated else None,
        ]
        return salted_hmac("oauth.consent", json.dumps(shown), algorithm="sha256").hexdigest()


@method_decorator(never_cache, name="dispatch")
class AuthorizeView(OAuthLibMixin, View):  # type: ignore[misc]
    """Ask the person, and send the answer to the assistant. Nobody is let in without a POST from this page."""

    oauthlib_backend_class = AuthorizationCore

    def get(self, request: HttpRequest) -> HttpResponse:
        """The consent page, a page that explains what is wrong, or an error for the assistant."""
        try:
            authorization = self._read(request)
        except OAuthToolkitError as refusal:
            return self._refuse(request, refusal)
        return self._ask(request, authorization)

    def post(self, request: HttpRequest) -> HttpResponse:
        """The decision: allow, continue as a guest, or deny."""
        try:
            authorization = self._read(request)
            if not constant_time_compare(request.POST.get("stamp", ""), authorization.stamp(request)):
                return self._ask(request, authorization, changed=True)
            decision = request.POST.get("decision")
            if decision == "deny":
                return self._deny(request, authorization)
            if decision == "allow" and request.user.is_authenticated:
                return self._allow(request, authorization, cast("User", request.user))
            if decision == "guest" and not request.user.is_authenticated and settings.DEXTER_GUESTS_ENABLED:
                return self._allow_guest(request, authorization)
        except OAuthToolkitError as refusal:
            return self._refuse(request, refusal)
        return self._ask(request, authorization, changed=True)

    def _read(self, request: HttpRequest) -> AuthorizationRequest:
        if any("\x00" in value for name, values in request.GET.lists() for value in (name, *values)):
            raise FatalClientError(error=errors.InvalidRequestFatalError(description="A parameter has a NUL character."))
        scopes, credentials = self.validate_authorization_request(request)
        return AuthorizationRequest(credentials["request"].client, scopes, credentials["redirect_uri"], credentials)

    def _ask(
        self, request: HttpRequest, authorization: AuthorizationRequest, *, changed: bool = False
    ) -> HttpResponse:
        redirect = urlsplit(authorization.redirect_uri)
        guest = None if request.user.is_authenticated else read_guest(request)
        account = linked_account(guest) if guest else None
        context = {
            "client": authorization.client,
            "redirect_host": redirect.hostname or f"{redirect.scheme}:",
            "redirect_is_loopback": is_loopback(redirect),
            "redirect_is_private_scheme": redirect.scheme not in ("http", "https"),
            "sentences": scope_sentences(authorization.scopes),
            "scopes": authorization.scopes,
            "stamp": authorization.stamp(request),
            "changed": changed,
            "here": request.get_full_path(),
            "guest_account": mask_email(account.email) if account else "",
            "guests_enabled": settings.DEXTER_GUESTS_ENABLED,
            "session_days": settings.DEXTER_SESSION_LIFETIME.days,
        }
        return render(request, "oauth/consent.html", context, status=409 if changed else 200)

    def _allow(self, request: HttpRequest, authorization: AuthorizationRequest, user: User) -> HttpResponse:
        authorization.credentials["consent"] = Consent(
            user=user, address=client_address(request), user_agent=request.headers.get("User-Agent", "")
        )
        with transaction.atomic():
            uri, _headers, _body, _status = self.create_authorization_response(
                request, " ".join(authorization.scopes), authorization.credentials, allow=True
            )
        return self._hand_back(request, uri, authorization.client)

    def _allow_guest(self, request: HttpRequest, authorization: AuthorizationRequest) -> HttpResponse:
        with transaction.atomic():
            guest = read_guest(request) or create_guest(address=client_address(request))
            response = self._allow(request, authorization, guest)
        remember_guest(response, guest)
        return response

    def _deny(self, request: HttpRequest, authorization: AuthorizationRequest) -> HttpResponse:
        user = cast("User", request.user) if request.user.is_authenticated else None
        record_audit(
            OAuthAction.AUTHORIZATION_DENIED,
            actor=user,
            account=user,
            client_id=authorization.client.client_id,
            address=client_address(request),
        )
        error = errors.AccessDeniedError(state=authorization.credentials.get("state"))
        error.redirect_uri = authorization.redirect_uri
        return self._hand_back_error(request, error, authorization.client)

    def _refuse(self, request: HttpRequest, refusal: OAuthToolkitError) -> HttpResponse:
        error = refusal.oauthlib_error
        client_id = request.GET.get("client_id", "")
        record_audit(
            OAuthAction.AUTHORIZATION_REFUSED,
            client_id=client_id,
            address=client_address(request),
            reason=type(error).__name__,
        )
        if isinstance(refusal, FatalClientError) or isinstance(error, errors.FatalClientError):
            context = {"fault": type(error).__name__, "description": error.description, "client_id": client_id[:255]}
            return render(request, "oauth/error.html", context, status=400)
        client = Client.objects.get(client_id=client_id)
        return self._hand_back_error(request, error, client)

    def _hand_back_error(self, request: HttpRequest, error: errors.OAuth2Error, client: Client) -> HttpResponse:
        """An error answer with `state` and `iss`; upstream adds `iss` to successes only (RFC 9207 §2, hole 4)."""
        uri = _add_iss_to_redirect(error.in_uri(error.redirect_uri), settings.DEXTER_ISSUER)
        return self._hand_back(request, uri, client)

    def _hand_back(self, request: HttpRequest, uri: str, client: Client) -> HttpResponse:
        """Send the browser back. A private scheme gets a page, because browsers block or ask on a bare redirect."""
        if urlsplit(uri).scheme in ("http", "https"):
            return HttpResponse(status=302, headers={"Location": uri})
        return render(request, "oauth/hand_back.html", {"uri": uri, "client": client})
