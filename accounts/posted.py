"""Addresses that a form or a script of a page uses: nobody can be led there, only to the page."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django.urls import Resolver404, resolve
from django.views.decorators.http import require_POST

View = Callable[..., HttpResponseBase]

_MARK = "used_by_page"


def used_by(page: str, view: View) -> View:
    """Say that there is nothing to see at `view` itself. `page` is the name of the page that uses it, or its path."""
    setattr(view, _MARK, page)
    return view


def posted_from(page: str) -> Callable[[View], View]:
    """Let a view answer POST only, and say which page posts to it."""
    return lambda view: used_by(page, require_POST(view))


def page_at(url: str) -> str:
    """`url` of this site, or that of the page that uses it where there is nothing to see."""
    try:
        view = resolve(urlsplit(url).path).func
    except Resolver404:
        # Whatever is said of an unknown page is a page too.
        return url
    page = getattr(view, _MARK, None)
    return url if page is None else resolve_url(page)
