"""Pages that explain how to connect, and the health checks. The MCP endpoint itself is no Django view: see `gate`."""

from __future__ import annotations

import structlog
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from mcp_bridge.assistants import Site, assistants
from oauth.endpoints import for_programs

log = structlog.get_logger(__name__)


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What this site is, and how an assistant is connected to it."""
    return render(request, "mcp_bridge/home.html", {"site": _site()})


@require_safe
def connect(request: HttpRequest) -> HttpResponse:
    """How each assistant is told about this site."""
    return render(request, "mcp_bridge/connect.html", {"site": _site(), "assistants": assistants(_site())})


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """What a person sees who opens the MCP endpoint in a browser."""
    return render(request, "mcp_bridge/page.html", {"site": _site(), "assistants": assistants(_site())})


def _site() -> Site:
    return Site(name=settings.DEXTER_SITE_NAME, resource=settings.DEXTER_RESOURCE)


@for_programs
@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """The process answers."""
    return JsonResponse({"status": "ok"})


@for_programs
@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """The process can do its work: the database answers. 503 otherwise."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        log.exception("readyz.database_unavailable")
        return JsonResponse({"status": "unavailable", "database": "unavailable"}, status=503)
    return JsonResponse({"status": "ok", "database": "ok"})
