"""`/api/schema`, the OpenAPI 3.1 document, and `/api/docs`, the same as a page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.renderers import OpenApiJsonRenderer2
from drf_spectacular.views import SpectacularAPIView

from linking.api.reference import reference
from linking.api.requests import OneFormat


class SchemaView(SpectacularAPIView):
    """The document, as JSON, for everybody."""

    renderer_classes = [OpenApiJsonRenderer2]
    content_negotiation_class = OneFormat
    http_method_names = ["get", "head"]


@require_safe
def show_reference(request: HttpRequest) -> HttpResponse:
    """Every operation with what it takes, gives and refuses.

    A page of our own: Swagger UI shows nothing without scripts, and axe has more than two hundred complaints about it.
    """
    return render(request, "linking/api/docs.html", {"reference": reference()})
