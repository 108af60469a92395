"""Pages that belong to no other app."""

from __future__ import annotations

import structlog
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

log = structlog.get_logger(__name__)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Say that a form was too old or came from another site, and what to do. `reason` is for the log only."""
    log.warning("csrf_refused", path=request.path, reason=str(reason))
    return render(request, "403_csrf.html", status=403)
