"""What people get whose text no database could keep: 400 and a page, not the 500 of a crash."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.unstorable import is_unstorable_text

log = structlog.get_logger(__name__)


class UnstorableTextMiddleware:
    """Answers for views of pages; protocol endpoints and the API answer for themselves."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self._get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Refuse the request; any other error is not ours."""
        if not is_unstorable_text(error):
            return None
        match = request.resolver_match
        log.warning("page.unstorable_text", route=match.route if match else "")
        return render(request, "400.html", status=400)
