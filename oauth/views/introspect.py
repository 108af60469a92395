"""The introspection endpoint (RFC 7662)."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.debug import sensitive_post_parameters

from accounts.addresses import client_address
from accounts.audit import record_audit
from oauth.audit import OAuthAction
from oauth.endpoints import error_response, fault_of_form, protocol_endpoint
from oauth.introspection import introspect_token
from oauth.views.token import authenticate_confidential_client


@sensitive_post_parameters()
@protocol_endpoint(methods=("POST",))
def introspect(request: HttpRequest) -> HttpResponse:
    """Whether a token acts, for the server of its resource; a caller that is not one learns nothing."""
    if fault := fault_of_form(request):
        return error_response("invalid_request", fault)
    client = authenticate_confidential_client(request)
    if client is None:
        record_audit(
            OAuthAction.INTROSPECTION_REFUSED,
            client_id=request.POST.get("client_id", ""),
            address=client_address(request),
            reason="invalid_client",
        )
        headers = {"WWW-Authenticate": 'Basic realm="introspection"'}
        return error_response("invalid_client", "Only a confidential client may ask.", status=401, headers=headers)
    token = request.POST.get("token", "")
    if not token:
        return error_response("invalid_request", "token is missing.")
    return JsonResponse(introspect_token(token=token, client=client))
