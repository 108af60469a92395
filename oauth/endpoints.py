"""What the protocol endpoints have in common: JSON answers, limits, outages, and no caching."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import structlog
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from oauth.errors import OAuthError

log = structlog.get_logger(__name__)

RETRY_AFTER_SECONDS = 5
View = Callable[..., HttpResponse]


def error_response(
    error: str, description: str, *, status: int = 400, headers: dict[str, str] | None = None
) -> JsonResponse:
    """An OAuth error answer (RFC 6749 §5.2)."""
    response = JsonResponse({"error": error, "error_description": description}, status=status, headers=headers)
    return _uncached(response)


def protocol_endpoint(*, methods: tuple[str, ...], max_body: int = 64 * 1024) -> Callable[[View], View]:
    """Make a view a protocol endpoint: every answer is JSON with the RFC's error code, outages included.

    `max_body` is in bytes. A database that is away is `503 temporarily_unavailable`, never `invalid_client`: clients
    throw their registration away on that one, and a whole fleet would register again after an outage.
    """

    def decorate(view: View) -> View:
        @csrf_exempt
        @wraps(view)
        def endpoint(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.method not in methods:
                return error_response(
                    "invalid_request",
                    f"This endpoint answers {' and '.join(methods)}.",
                    status=405,
                    headers={"Allow": ", ".join(methods)},
                )
            if int(request.META.get("CONTENT_LENGTH") or 0) > max_body:
                return error_response("invalid_request", f"The body is larger than {max_body} bytes.", status=413)
            try:
                return _uncached(view(request, *args, **kwargs))
            except (RequestDataTooBig, TooManyFieldsSent):
                return error_response("invalid_request", f"The body is larger than {max_body} bytes.", status=413)
            except OAuthError as refusal:
                description = str(refusal.args[0]) if refusal.args else refusal.description
                return error_response(refusal.error, description, status=refusal.status)
            except (OperationalError, InterfaceError):
                log.exception("endpoint.unavailable", path=request.path)
                return error_response(
                    "temporarily_unavailable",
                    "The server cannot answer right now. Try again.",
                    status=503,
                    headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
                )

        return endpoint

    return decorate


def fault_of_form(request: HttpRequest, *, may_repeat: tuple[str, ...] = ()) -> str | None:
    """What is wrong with a form body, or None (RFC 6749 §3.2: parameters come once, form-encoded)."""
    if request.content_type != "application/x-www-form-urlencoded":
        return "The body must be application/x-www-form-urlencoded."
    for name, values in request.POST.lists():
        if len(values) > 1 and name not in may_repeat:
            return "A parameter is repeated."
        if any("\x00" in value for value in (name, *values)):
            return "A parameter has a NUL character."
    return None


def _uncached(response: HttpResponse) -> HttpResponse:
    if "Cache-Control" not in response:
        response["Cache-Control"] = "no-store"
        response["Pragma"] = "no-cache"
    return response
