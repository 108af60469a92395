"""The discovery documents and the key set."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.utils.cache import patch_cache_control
from django.views.decorators.http import condition

from oauth import discovery
from oauth.keys import published_keys

MAX_AGE_SECONDS = 300


def _document_view(build: Callable[[], bytes]) -> Callable[[HttpRequest], HttpResponse]:
    """A public document: GET, HEAD and OPTIONS from any origin, cached for five minutes, with an ETag."""

    def etag(request: HttpRequest) -> str:
        return f'"{hashlib.sha256(build()).hexdigest()[:32]}"'

    def view(request: HttpRequest) -> HttpResponse:
        if request.method == "OPTIONS":
            response = HttpResponse(status=204)
            response["Access-Control-Allow-Methods"] = "GET, HEAD, OPTIONS"
            response["Access-Control-Allow-Headers"] = request.headers.get("Access-Control-Request-Headers", "*")
        elif request.method in ("GET", "HEAD"):
            response = condition(etag_func=etag)(lambda request: HttpResponse(build(), "application/json"))(request)
            patch_cache_control(response, public=True, max_age=MAX_AGE_SECONDS)
        else:
            response = HttpResponseNotAllowed(["GET", "HEAD", "OPTIONS"])
        response["Access-Control-Allow-Origin"] = "*"
        return response

    return view


protected_resource = _document_view(discovery.protected_resource_document)
authorization_server = _document_view(discovery.authorization_server_document)
openid_configuration = _document_view(discovery.openid_configuration_document)
jwks = _document_view(lambda: json.dumps({"keys": published_keys()}).encode())
