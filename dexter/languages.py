"""The language of an answer: a page's is that of the person who reads it, a program's is always the same.

An OAuth error or a document that followed `Accept-Language` would differ from what the makers of assistants tested
against, and would have to be cached once for each language.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.locale import LocaleMiddleware
from django.urls import Resolver404, resolve
from django.utils import translation

_MARK = "answers_programs"


def answers_programs(path: str) -> bool:
    """Whether no person reads what the view at `path` says."""
    try:
        return bool(getattr(resolve(path).func, _MARK, False))
    except Resolver404:
        return False


class LanguageMiddleware(LocaleMiddleware):
    """Django's, but for views marked with `oauth.endpoints.for_programs`."""

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        """Answer a program in the first language, before the view says anything."""
        if getattr(view, _MARK, False):
            setattr(request, _MARK, True)
            translation.activate(settings.LANGUAGE_CODE)

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Say of a page that others may get it in another language."""
        return response if getattr(request, _MARK, False) else super().process_response(request, response)
