"""Addresses that a form or a script of a page uses: nobody can be led there, only to the page."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, resolve_url
from django.urls import Resolver404, resolve
from django.views.decorators.http import require_http_methods

View = Callable[..., HttpResponseBase]

_MARK = "used_by_page"


def used_by(page: str, view: View) -> View:
    """Say that there is nothing to see at `view` itself. `page` is the name of the page that uses it, or its path."""
    setattr(view, _MARK, page)
    return view


def posted_from(page: str) -> Callable[[View], View]:
    """Let a view act on POST only, and say which page posts to it: whoever just visits the address is led there."""

    def decorate(view: View) -> View:
        @require_http_methods(["GET", "HEAD", "POST"])
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            return view(request, *args, **kwargs) if request.method == "POST" else redirect(page)

        return used_by(page, guarded)

    return decorate


def page_at(url: str) -> str:
    """`url` of this site, or that of the page that uses it where there is nothing to see."""
    try:
        view = resolve(urlsplit(url).path).func
    except Resolver404:
        # Whatever is said of an unknown page is a page too.
        return url
    page = getattr(view, _MARK, None)
    return url if page is None else resolve_url(page)
