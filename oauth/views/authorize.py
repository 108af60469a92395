"""The authorization endpoint: the consent page, and the way back to the assistant (RFC 6749 §3.1, §4.1)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, cast
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache
from oauth2_provider.exceptions import FatalClientError, OAuthToolkitError
from oauth2_provider.views.mixins import OAuthLibMixin
from oauthlib.oauth2.rfc6749.errors import AccessDeniedError

from accounts.addresses import client_address
from accounts.audit import record_audit
from accounts.guests import remember_guest
from accounts.models import User
from accounts.sign_in import seconds_since_sign_in, signed_in_at
from oauth.audit import OAuthAction
from oauth.backends import AuthorizationCore
from oauth.client_documents import refresh_client_document
from oauth.consent import ConsentRequest, guest_to_be
from oauth.document_urls import names_document
from oauth.errors import ClientDocumentRefused, ConsentOutdated
from oauth.models import Client
from oauth.redirects import DestinationKind, answer_uri, destination_kind, redirect_destination
from oauth.services import Consent, deny_authorization, issue_authorization_code

# How long ago a sign-in may be that answers `prompt=login`: the person just came from it.
NEW_SIGN_IN_SECONDS = 60
# And how much longer the person may take to decide.
DECISION_SECONDS = 15 * 60


@method_decorator(never_cache, name="dispatch")
class AuthorizeView(OAuthLibMixin, View):
    """Ask the person, and send the answer to the assistant. Nobody is let in without a POST from this page."""

    oauthlib_backend_class = AuthorizationCore

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        """Fetch the client's metadata document first, if it is due: there is no transaction yet that would wait."""
        client_ids = request.GET.getlist("client_id")
        if request.method in ("GET", "POST") and len(client_ids) == 1 and names_document(client_ids[0]):
            try:
                refresh_client_document(client_id=client_ids[0], address=client_address(request))
            except ClientDocumentRefused as refusal:
                return self._explain(request, type(refusal).__name__, status=refusal.status)
        return cast("HttpResponse", super().dispatch(request, *args, **kwargs))

    def get(self, request: HttpRequest) -> HttpResponse:
        """The consent page, a page that explains what is wrong, or an error for the assistant."""
        try:
            asked = self._read(request)
        except OAuthToolkitError as refusal:
            return self._refuse(request, refusal)
        if asked.user and _wants_a_newer_sign_in(request):
            return _to_sign_in_again(asked)
        return render(request, "oauth/consent.html", asked.context())

    def post(self, request: HttpRequest) -> HttpResponse:
        """The decision: allow, continue as a guest, or deny. Without a page that offered it, the page again."""
        try:
            asked = self._read(request)
        except OAuthToolkitError as refusal:
            return self._refuse(request, refusal)
        decision = request.POST.get("decision", "")
        accepted = asked.accepts(decision, stamp=request.POST.get("stamp", ""))
        # A page that is out of date is shown again only to whom it would be shown.
        if asked.user and decision != "deny" and _wants_a_newer_sign_in(request, grace=DECISION_SECONDS * accepted):
            return _to_sign_in_again(asked)
        if not accepted:
            self._note_refusal(request, "another_question", account=asked.user)
            return render(request, "oauth/consent.html", asked.context() | {"changed": True}, status=409)
        try:
            return self._deny(request, asked) if decision == "deny" else self._allow(request, asked)
        except ConsentOutdated as refusal:
            self._note_refusal(request, refusal.reason, account=None)
            # Who is signed in is read once for each request, so this one cannot show the page as it is now.
            return HttpResponse(status=303, headers={"Location": asked.path})

    def _read(self, request: HttpRequest) -> ConsentRequest:
        scopes, credentials = self.validate_authorization_request(request)
        user = request.user if request.user.is_authenticated else None
        return ConsentRequest(
            client=credentials["request"].client,
            scopes=tuple(scopes),
            redirect_uri=credentials["redirect_uri"],
            state=credentials["state"],
            code_challenge=credentials["code_challenge"],
            nonce=credentials["request"].nonce or "",
            path=request.get_full_path(),
            user=user,
            guest=None if user else guest_to_be(request),
        )

    def _allow(self, request: HttpRequest, asked: ConsentRequest) -> HttpResponse:
        address, user_agent = client_address(request), request.headers.get("User-Agent", "")
        consent = Consent(
            user=asked.user or asked.guest,
            address=address,
            user_agent=user_agent,
            authenticated_at=signed_in_at(request) if asked.user else None,
        )
        grant, code = issue_authorization_code(
            consent=consent,
            client=asked.client,
            redirect_uri=asked.redirect_uri,
            scopes=asked.scopes,
            code_challenge=asked.code_challenge,
            nonce=asked.nonce,
        )
        answer = [("code", code), ("state", asked.state)]
        response = self._hand_back(request, asked.redirect_uri, answer, outcome="allowed", client=asked.client)
        if grant.user.is_guest:
            remember_guest(response, grant.user)
        return response

    def _deny(self, request: HttpRequest, asked: ConsentRequest) -> HttpResponse:
        deny_authorization(user=asked.user, client=asked.client, address=client_address(request))
        answer = AccessDeniedError(state=asked.state).twotuples
        return self._hand_back(request, asked.redirect_uri, answer, outcome="denied", client=asked.client)

    def _refuse(self, request: HttpRequest, refusal: OAuthToolkitError) -> HttpResponse:
        """A page for the person when the redirect cannot be trusted, the error for the assistant when it can."""
        error, client_id = refusal.oauthlib_error, request.GET.get("client_id", "")
        reason = type(error).__name__
        self._note_refusal(request, reason, account=None)
        if not isinstance(refusal, FatalClientError):
            client = Client.objects.filter(client_id=client_id).first()
            return self._hand_back(request, error.redirect_uri, error.twotuples, outcome="refused", client=client)
        return self._explain(request, reason, description=error.description)

    def _note_refusal(self, request: HttpRequest, reason: str, *, account: User | None) -> None:
        record_audit(
            OAuthAction.AUTHORIZATION_REFUSED,
            actor=account,
            account=account,
            client_id=request.GET.get("client_id", ""),
            address=client_address(request),
            reason=reason,
        )

    def _explain(self, request: HttpRequest, fault: str, *, description: str = "", status: int = 400) -> HttpResponse:
        context = {"fault": fault, "description": description, "client_id": request.GET.get("client_id", "")[:255]}
        return render(request, "oauth/error.html", context, status=status)

    def _hand_back(
        self,
        request: HttpRequest,
        redirect_uri: str,
        answer: Iterable[tuple[str, str | None]],
        *,
        outcome: Literal["allowed", "denied", "refused"],
        client: Client | None = None,
    ) -> HttpResponse:
        """Send the browser back with `iss`, on errors too (RFC 9207 §2; upstream has it on successes only, hole 4).

        A private scheme gets a page, because browsers block or ask on a bare redirect. Where the app does not open, it
        is the last page that the person sees, so it says what happened. And nobody is sent to a host that a stranger
        registered before they have decided anything (RFC 9700 §4.11.2): a link of ours would lead to any page.
        """
        uri = answer_uri(redirect_uri, [*answer, ("iss", settings.DEXTER_ISSUER)])
        kind, is_vouched_for = destination_kind(redirect_uri), bool(client and client.is_set_up_by_staff)
        asks_first = outcome == "refused" and kind == DestinationKind.SITE and not is_vouched_for
        if kind != DestinationKind.APP and not asks_first:
            return HttpResponse(status=302, headers={"Location": uri})
        host = redirect_destination(uri) if asks_first else ""
        context = {"uri": uri, "client": client, "outcome": outcome, "host": host}
        return render(request, "oauth/hand_back.html", context, status=400 if asks_first else 200)


def _to_sign_in_again(asked: ConsentRequest) -> HttpResponse:
    query = urlencode({"next": asked.path})
    return HttpResponse(status=302, headers={"Location": f"{reverse('account_reauthenticate')}?{query}"})


def _wants_a_newer_sign_in(request: HttpRequest, *, grace: int = 0) -> bool:
    """Whether `prompt=login` or `max_age` asks for a sign-in after the last one (OpenID Connect Core §3.1.2.1).

    `grace`, in seconds, is for whoever signed in in time and then looked at the page.
    """
    limits = [NEW_SIGN_IN_SECONDS] if "login" in request.GET.get("prompt", "").split() else []
    max_age = request.GET.get("max_age", "")
    if max_age.isdecimal() and len(max_age) < 10:
        limits.append(max(int(max_age), NEW_SIGN_IN_SECONDS))
    return bool(limits) and seconds_since_sign_in(request) > min(limits) + grace
