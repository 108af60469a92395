"""What the protocol endpoints have in common: JSON answers, limits, outages, CORS, and no caching."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import structlog
from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.multipartparser import MultiPartParserError
from django.http.request import UnreadablePostError
from django.views.decorators.csrf import csrf_exempt

from accounts.unstorable import is_unstorable_text
from oauth.errors import OAuthError

log = structlog.get_logger(__name__)

RETRY_AFTER_SECONDS = 5
PREFLIGHT_SECONDS = 24 * 3600
View = Callable[..., HttpResponse]


def error_response(
    error: str, description: str, *, status: int = 400, headers: dict[str, str] | None = None
) -> HttpResponse:
    """An OAuth error answer (RFC 6749 §5.2)."""
    return JsonResponse({"error": error, "error_description": description}, status=status, headers=headers)


def for_programs(view: View) -> View:
    """Mark a view that no person reads: it answers in English, whatever languages the caller would accept."""
    view.answers_programs = True  # type: ignore[attr-defined]
    return view


def protocol_endpoint(*, methods: tuple[str, ...], max_body: int = 64 * 1024) -> Callable[[View], View]:
    """Make a view a protocol endpoint: every answer is JSON with the RFC's error code, outages and crashes included.

    `max_body` is in bytes. Pages of any origin may call it (connectors §3, hole 7): it reads no cookie, so such a page
    can do no more than any program. Answers that do not say how long they keep are not stored.
    """

    def decorate(view: View) -> View:
        @for_programs
        @csrf_exempt
        @wraps(view)
        def endpoint(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            try:
                response = _checked_answer(request, *args, **kwargs)
            except Exception as error:
                response = _refusal(error, request, max_body)
            response["Access-Control-Allow-Origin"] = "*"
            response["Access-Control-Expose-Headers"] = "WWW-Authenticate, Retry-After"
            if "Cache-Control" not in response:
                response["Cache-Control"] = "no-store"
                response["Pragma"] = "no-cache"
            return response

        def _checked_answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            allowed = ", ".join((*methods, "OPTIONS"))
            if request.method == "OPTIONS":
                return _preflight(request, allowed)
            if request.method not in methods:
                words = f"This endpoint answers {' and '.join(methods)}."
                return error_response("invalid_request", words, status=405, headers={"Allow": allowed})
            # A chunked body has no length to look at beforehand.
            if _content_length(request) > max_body or len(request.body) > max_body:
                raise RequestDataTooBig
            return view(request, *args, **kwargs)

        return endpoint

    return decorate


def _refusal(error: Exception, request: HttpRequest, max_body: int) -> HttpResponse:
    """The answer that says what went wrong.

    A database that is away is `503 temporarily_unavailable`, never `invalid_client`: clients throw their registration
    away on that one, and a whole fleet would register again after an outage.
    """
    if isinstance(error, OAuthError):
        return error_response(error.error, str(error), status=error.status)
    if isinstance(error, RequestDataTooBig):
        return error_response("invalid_request", f"The body is larger than {max_body} bytes.", status=413)
    if isinstance(error, (SuspiciousOperation, BadRequest, UnreadablePostError, MultiPartParserError)):
        return error_response("invalid_request", "The body cannot be read.")
    if is_unstorable_text(error):
        return error_response("invalid_request", "A value has a character that cannot be kept.")
    if isinstance(error, (OperationalError, InterfaceError)):
        log.error("endpoint.unavailable", path=request.path, exc_info=error)
        words = "The server cannot answer right now. Try again."
        headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}
        return error_response("temporarily_unavailable", words, status=503, headers=headers)
    log.error("endpoint.crashed", path=request.path, exc_info=error)
    return error_response("server_error", "Something went wrong on our side.", status=500)


def fault_of_form(request: HttpRequest, *, may_repeat: tuple[str, ...] = ()) -> str | None:
    """What is wrong with a form body, or None (RFC 6749 §3.2: parameters come once, form-encoded, in the body)."""
    if request.content_type != "application/x-www-form-urlencoded":
        return "The body must be application/x-www-form-urlencoded."
    if request.META.get("QUERY_STRING"):
        return "Parameters belong in the body, not in the URL."
    for name, values in request.POST.lists():
        if len(values) > 1 and name not in may_repeat:
            return "A parameter is repeated."
        if any("\x00" in value for value in (name, *values)):
            return "A parameter has a NUL character."
    return None


def _preflight(request: HttpRequest, allowed: str) -> HttpResponse:
    """What a browser asks before it lets a page of another origin call (Fetch §4.8 CORS-preflight)."""
    headers = {
        "Allow": allowed,
        "Access-Control-Allow-Methods": allowed,
        # The wildcard does not cover Authorization, so what is asked for is granted by name.
        "Access-Control-Allow-Headers": request.headers.get("Access-Control-Request-Headers", "*"),
        "Access-Control-Max-Age": str(PREFLIGHT_SECONDS),
    }
    return HttpResponse(status=204, headers=headers)


def _content_length(request: HttpRequest) -> int:
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        raise BadRequest("Content-Length is not a number.") from None
