"""`/styleguide/`: every component in every state, on a page for whoever works on them. In debug only."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from linking.qr import qr_code

View = Callable[..., HttpResponseBase]


def in_debug(view: View) -> View:
    """A page that is there in debug, and 404 anywhere else."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not settings.DEBUG:
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


@require_safe
def styleguide(request: HttpRequest) -> HttpResponse:
    """Every component."""
    context = {
        "qr": qr_code(f"{settings.DEXTER_PUBLIC_URL}/link"),
        "notices": ["", "notice-success", "notice-warning", "notice-danger"],
        "buttons": ["", "button-primary", "button-danger", "button-quiet"],
    }
    return render(request, "styleguide/index.html", context)
