"""`/styleguide/`: every component in every state, on a page for whoever works on them. In debug only."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from linking.qr import qr_code


@require_safe
def styleguide(request: HttpRequest) -> HttpResponse:
    """The page; 404 outside debug."""
    if not settings.DEBUG:
        raise Http404
    return show(request)


def show(request: HttpRequest) -> HttpResponse:
    """The page, wherever it is asked for."""
    context = {
        "qr": qr_code(f"{settings.DEXTER_PUBLIC_URL}/link"),
        "notices": ["", "notice-success", "notice-warning", "notice-danger"],
        "buttons": ["", "button-primary", "button-danger", "button-quiet"],
    }
    return render(request, "styleguide/index.html", context)
