"""The client configuration endpoint (RFC 7592): a registered client reads, changes or removes its own registration."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse

from accounts.addresses import client_address
from oauth.bearer import read_authorization_header
from oauth.endpoints import protocol_endpoint
from oauth.errors import InvalidClientMetadata, InvalidRegistrationToken
from oauth.models import Client
from oauth.registration import (
    ClientMetadata,
    client_information,
    find_registered_client,
    unregister_client,
    update_registration,
)


@protocol_endpoint(methods=("GET", "PUT", "DELETE"))
def client_configuration(request: HttpRequest, client_id: str) -> HttpResponse:
    """Answer the holder of the registration access token; anybody else gets a 401 that says nothing more."""
    client = _authenticated_client(request, client_id)
    if request.method == "DELETE":
        unregister_client(client=client, address=client_address(request))
        return HttpResponse(status=204)
    if request.method == "PUT":
        if request.content_type != "application/json":
            raise InvalidClientMetadata("The body must be application/json.")
        metadata = ClientMetadata.from_json(request.body, client_id=client_id)
        client = update_registration(client=client, metadata=metadata, address=client_address(request))
    return JsonResponse(client_information(client))


def _authenticated_client(request: HttpRequest, client_id: str) -> Client:
    token = read_authorization_header(request.headers.get("Authorization"))
    client = find_registered_client(client_id=client_id, registration_access_token=token) if token else None
    if client is None:
        raise InvalidRegistrationToken
    return client
