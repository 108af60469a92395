"""What happens around every request of a person."""

from __future__ import annotations

from typing import Any

import structlog
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.utils.deprecation import MiddlewareMixin

from accounts.browsers import note_browser
from accounts.errors import MailNotSent
from accounts.known_browsers import remember_browser

log = structlog.get_logger(__name__)

MAIL_RETRY_SECONDS = 60


class MailOutageMiddleware(MiddlewareMixin):
    """Tells whoever waits for a mail that it does not come.

    With 503 nothing of the session is saved either: the person is where they were.
    """

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Answer for a view; any other error is not ours."""
        if not isinstance(error, MailNotSent):
            return None
        match, cause = request.resolver_match, error.__cause__
        log.error("mail.not_sent", route=match.route if match else "", error=type(cause).__name__)
        headers = {"Retry-After": str(MAIL_RETRY_SECONDS), "Cache-Control": "no-store"}
        page = render_to_string("account/mail_not_sent.html", request=request)
        return HttpResponse(page, status=503, headers=headers)


class BrowserMiddleware(MiddlewareMixin):
    """Keeps the list of signed-in browsers, and lets them be known once they have signed out."""

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
                remember_browser(request, response)
            except (OperationalError, InterfaceError) as error:
                # What the page was for is done; an error page would say of it that it may not be.
                log.warning("browsers.not_noted", error=type(error).__name__)
        return response
