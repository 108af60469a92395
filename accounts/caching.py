"""Pages that show whose they are stay in no cache, and are gone for whoever uses the browser next."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.cache import add_never_cache_headers
from django.utils.deprecation import MiddlewareMixin


class PersonalPagesMiddleware(MiddlewareMixin):
    """Nobody stores an answer for which somebody's website session was read, unless the view says for how long.

    Every page names who is signed in, error pages and those of allauth too, and few of their views think of it.
    """

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Say so to caches and to the browser's back button (RFC 9111 §5.2.2.5)."""
        session = request.session
        if session.accessed and not session.is_empty() and "Cache-Control" not in response:
            add_never_cache_headers(response)
        return response
