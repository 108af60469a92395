"""The discovery documents and the key set."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response, patch_cache_control

from oauth import discovery
from oauth.endpoints import protocol_endpoint
from oauth.keys import published_keys

MAX_AGE_SECONDS = 300


def _document_view(build: Callable[[], bytes]) -> Callable[..., HttpResponse]:
    """A public document, cached for five minutes, with an ETag."""

    @protocol_endpoint(methods=("GET", "HEAD"))
    def view(request: HttpRequest) -> HttpResponse:
        document = build()
        etag = f'"{hashlib.sha256(document).hexdigest()[:32]}"'
        response = HttpResponse(document, "application/json", headers={"ETag": etag})
        patch_cache_control(response, public=True, max_age=MAX_AGE_SECONDS)
        # 304 for who has it already (RFC 9110 §13.1.2).
        return get_conditional_response(request, etag=etag, response=response) or response

    return view


protected_resource = _document_view(discovery.protected_resource_document)
authorization_server = _document_view(discovery.authorization_server_document)
openid_configuration = _document_view(discovery.openid_configuration_document)
jwks = _document_view(lambda: json.dumps({"keys": published_keys()}).encode())
