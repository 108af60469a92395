"""What happens around every request of a person."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

from accounts.browsers import note_browser


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
            note_browser(request)
        return response
