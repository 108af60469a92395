"""What happens around every request of a person."""

from __future__ import annotations

from typing import Any

import structlog
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

from accounts.browsers import note_browser

log = structlog.get_logger(__name__)


class BrowserMiddleware(MiddlewareMixin):
    """Keeps the list of signed-in browsers."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Note the browser, if the page had to do with its session: asking would make every page vary by cookie."""
        session = getattr(request, "session", None)
        if response.status_code >= 500:
            # The database may be away: one error is enough.
            return response
        # The REST framework sets no user at all where nobody is signed in.
        user: Any = getattr(request, "user", None) if session is not None and session.accessed else None
        if user is not None and user.is_authenticated:
            try:
                note_browser(request)
            except (OperationalError, InterfaceError) as error:
                # What the page was for is done; an error page would say of it that it may not be.
                log.warning("browsers.not_noted", error=type(error).__name__)
        return response
