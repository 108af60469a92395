"""The token and revocation endpoints (RFC 6749 §3.2, RFC 7009)."""

from __future__ import annotations

import json

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.debug import sensitive_post_parameters
from oauth2_provider.views.mixins import OAuthLibMixin
from oauthlib.common import Request as OAuthlibRequest

from accounts.addresses import client_address
from accounts.audit import record_audit
from accounts.overtaking import again_if_overtaken
from oauth.audit import OAuthAction
from oauth.backends import TokenCore
from oauth.client_assertions import authenticate_by_assertion
from oauth.endpoints import RETRY_AFTER_SECONDS, error_response, fault_of_form, protocol_endpoint
from oauth.errors import (
    ClientAuthenticationAmbiguous,
    ClientKeysUnavailable,
    CredentialReplayed,
    InvalidClientAssertion,
    OAuthError,
    UnauthorizedClient,
)
from oauth.metadata_fields import SUPPORTED_GRANT_TYPES
from oauth.models import Client, ConnectorSession
from oauth.scopes import RESOLVE_SCOPE
from oauth.services import end_session, issue_service_token

CLIENT_CREDENTIALS = "client_credentials"


class _TokenEndpoint(OAuthLibMixin):
    oauthlib_backend_class = TokenCore


@sensitive_post_parameters()
@protocol_endpoint(methods=("POST",))
def token(request: HttpRequest) -> HttpResponse:
    """Trade a code or a refresh token for tokens.

    Everything happens in one transaction that a refusal rolls back. What must outlive a refusal, the end of a session
    whose credential came twice and the audit row, is written after it. A client or person who is deleted meanwhile is
    looked for again, and then refused like any that is gone.
    """
    if fault := fault_of_form(request, may_repeat=("resource",)):
        return _refuse(request, "invalid_request", fault)
    grant_type = request.POST.get("grant_type", "")
    if not grant_type:
        return _refuse(request, "invalid_request", "grant_type is missing.")
    if grant_type == CLIENT_CREDENTIALS:
        return again_if_overtaken(lambda: _answer_service(request))
    if grant_type not in SUPPORTED_GRANT_TYPES:
        return _refuse(request, "unsupported_grant_type", f"Use {' or '.join(SUPPORTED_GRANT_TYPES)}.")
    if refusal := _check_assertion(request):
        _audit_refusal(request, reason=refusal.reason)
        return _answer_refusal(refusal)
    return again_if_overtaken(lambda: _trade(request))


def _trade(request: HttpRequest) -> HttpResponse:
    try:
        with transaction.atomic():
            _url, headers, body, status = _TokenEndpoint().create_token_response(request)
            if status != 200:
                transaction.set_rollback(True)
    except CredentialReplayed as replay:
        reason = ConnectorSession.EndReason(replay.end_reason)
        end_session(session=replay.session, reason=reason, address=client_address(request))
        return _refuse(request, replay.error, replay.description, reason=replay.reason)
    if status != 200:
        _audit_refusal(request, reason=str(json.loads(body).get("error", "")))
    return _answer(request, headers, body, status)


@sensitive_post_parameters()
@protocol_endpoint(methods=("POST",))
def revoke(request: HttpRequest) -> HttpResponse:
    """End the session of a token. An unknown token is a success too (RFC 7009 §2.2)."""
    if fault := fault_of_form(request):
        return _refuse_revocation(request, error_response("invalid_request", fault))
    if refusal := _check_assertion(request):
        return _refuse_revocation(request, _answer_refusal(refusal), reason=refusal.reason)
    answer = again_if_overtaken(lambda: _TokenEndpoint().create_revocation_response(request))
    _url, headers, body, status = answer
    if status != 200:
        return _refuse_revocation(request, _answer(request, headers, body, status))
    return JsonResponse({})


def authenticate_confidential_client(request: HttpRequest) -> Client | None:
    """The client that proves itself with its secret, in the header or the body; None for any other caller."""
    core = _TokenEndpoint.get_oauthlib_core()
    oauthlib_request = OAuthlibRequest(*core._extract_params(request))
    if not core.server.request_validator.authenticate_client(oauthlib_request):
        return None
    client: Client = oauthlib_request.client
    return client


def _answer_service(request: HttpRequest) -> HttpResponse:
    """A token for a service that proves its secret (RFC 6749 §4.4); there is no refresh token (§4.4.3)."""
    client = authenticate_confidential_client(request)
    if client is None:
        _audit_refusal(request, reason="invalid_client")
        basic = {"WWW-Authenticate": f'Basic realm="{settings.DEXTER_ISSUER}"'}
        words = "Send the client's ID and secret."
        return error_response("invalid_client", words, status=401, headers=basic)
    try:
        service_token = issue_service_token(client=client, address=client_address(request))
    except UnauthorizedClient as refusal:
        return _refuse(request, refusal.error, refusal.description, reason=refusal.reason)
    return JsonResponse(
        {
            "access_token": service_token,
            "token_type": "Bearer",
            "expires_in": int(settings.DEXTER_ACCESS_TOKEN_LIFETIME.total_seconds()),
            "scope": RESOLVE_SCOPE,
        }
    )


def _check_assertion(request: HttpRequest) -> OAuthError | None:
    """Check what a client sent to prove its key, before any transaction begins; None when it holds or is not there."""
    assertion, assertion_type = (request.POST.get(name, "") for name in ("client_assertion", "client_assertion_type"))
    if not assertion and not assertion_type:
        return None
    if not assertion or not assertion_type or "Authorization" in request.headers or request.POST.get("client_secret"):
        return ClientAuthenticationAmbiguous()
    client_id = request.POST.get("client_id") or None
    try:
        proved = authenticate_by_assertion(assertion=assertion, assertion_type=assertion_type, client_id=client_id)
    except (InvalidClientAssertion, ClientKeysUnavailable) as refusal:
        return refusal
    request.proved_client_id = proved  # type: ignore[attr-defined]
    return None


def _answer_refusal(refusal: OAuthError) -> HttpResponse:
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)} if refusal.status == 503 else None
    return error_response(refusal.error, refusal.description, status=refusal.status, headers=headers)


def _answer(request: HttpRequest, headers: dict[str, str], body: str, status: int) -> HttpResponse:
    # oauthlib's late errors, such as one for the resource, come without their content type.
    response = HttpResponse(body, status=status, headers={"Content-Type": "application/json"} | headers)
    if status == 401 and request.headers.get("Authorization", "").lower().startswith("basic"):
        # A client that tried HTTP Basic is answered in kind (RFC 6749 §5.2); oauthlib always says Bearer.
        response["WWW-Authenticate"] = f'Basic realm="{settings.DEXTER_ISSUER}"'
    return response


def _refuse_revocation(request: HttpRequest, response: HttpResponse, *, reason: str = "") -> HttpResponse:
    client_id = request.POST.get("client_id", "")
    reason = reason or str(json.loads(response.content).get("error", ""))
    record_audit(OAuthAction.REVOCATION_REFUSED, client_id=client_id, address=client_address(request), reason=reason)
    return response


def _refuse(request: HttpRequest, error: str, description: str, *, reason: str = "") -> HttpResponse:
    _audit_refusal(request, reason=reason or error)
    return error_response(error, description)


def _audit_refusal(request: HttpRequest, *, reason: str) -> None:
    client_id = request.POST.get("client_id", "")
    record_audit(OAuthAction.TOKEN_REFUSED, client_id=client_id, address=client_address(request), reason=reason)
