"""What people get while the database or Redis is away: a page that says so, with 503 and Retry-After.

The protocol endpoints and the gate answer for themselves, in JSON. Under `/api` the page becomes a problem on its way
out (`linking.api.middleware`).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import structlog
from django.core.signals import got_request_exception
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from kombu.exceptions import OperationalError as QueueError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from oauth.endpoints import RETRY_AFTER_SECONDS

log = structlog.get_logger(__name__)

# Without the cache there are no limits on guessing, and without the queue no mail: nobody goes on without them.
UNAVAILABLE = (OperationalError, InterfaceError, RedisConnectionError, RedisTimeoutError, QueueError)
_MARK = "records_were_away"


class OutageMiddleware:
    """Stands outside of every middleware that may ask for records, and answers instead of a crash."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._get_response(request)
        # What the middleware between the view and here made of it may be a crash of its own: it looked up the session.
        return unavailable() if getattr(request, _MARK, False) else response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Answer for a view; any other error is not ours."""
        if not isinstance(error, UNAVAILABLE):
            return None
        _note(request, error)
        return unavailable()


def unavailable() -> HttpResponse:
    """The answer: a page that needs neither the session nor the person."""
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS), "Cache-Control": "no-store"}
    response = HttpResponse(render_to_string("503.html"), status=503, headers=headers)
    # Django would log the path, which may hold a secret such as that of a link in an e-mail. There is no public name
    # for this mark of `django.utils.log.log_response`.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


def _note(request: HttpRequest, error: BaseException) -> None:
    setattr(request, _MARK, True)
    match = request.resolver_match
    reason = str(error).partition("\n")[0]
    log.error("page.unavailable", route=match.route if match else "", error=type(error).__name__, reason=reason)


def _notice_crash(request: HttpRequest | None = None, **_: Any) -> None:
    """Django tells of each crash before it makes a page for it; one in a middleware reaches no other middleware."""
    error = sys.exc_info()[1]
    if request is not None and isinstance(error, UNAVAILABLE):
        _note(request, error)


got_request_exception.connect(_notice_crash, dispatch_uid="dexter.outages")
