"""The registration endpoint (RFC 7591)."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse

from accounts.addresses import client_address
from accounts.audit import record_audit
from oauth.audit import OAuthAction
from oauth.endpoints import protocol_endpoint
from oauth.errors import InvalidClientMetadata, RegistrationError
from oauth.registration import ClientMetadata, register_client


@protocol_endpoint(methods=("POST",))
def register(request: HttpRequest) -> HttpResponse:
    """Register a client: 201 with its information, or 400 with the RFC's error code."""
    address = client_address(request)
    try:
        if request.content_type != "application/json":
            raise InvalidClientMetadata("The body must be application/json.")
        metadata = ClientMetadata.from_json(request.body)
    except RegistrationError as refusal:
        record_audit(OAuthAction.REGISTRATION_REFUSED, address=address, reason=refusal.error)
        raise
    return JsonResponse(register_client(metadata=metadata, address=address), status=201)
