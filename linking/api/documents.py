"""`/api/schema`, the OpenAPI 3.1 document, and `/api/docs`, the same as a page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from linking.api.reference import document_bytes, reference


@require_safe
def show_document(request: HttpRequest) -> HttpResponse:
    """The document, as JSON, for everybody.

    Upstream's view makes it anew for each request, in any language that the address names, and Django keeps the
    catalogues of each of those names for ever: https://github.com/tfranzel/drf-spectacular, `SpectacularAPIView`.
    """
    return HttpResponse(document_bytes(), content_type="application/json")


@require_safe
def show_reference(request: HttpRequest) -> HttpResponse:
    """Every operation with what it takes, gives and refuses.

    A page of our own: Swagger UI shows nothing without scripts, and axe has more than two hundred complaints about it.
    """
    return render(request, "linking/api/docs.html", {"reference": reference()})
