"""`/api/schema`, the OpenAPI 3.1 document, and `/api/docs`, a page that shows it."""

from __future__ import annotations

from drf_spectacular.renderers import OpenApiJsonRenderer2
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from linking.api.requests import OneFormat


class SchemaView(SpectacularAPIView):
    """The document, as JSON, for everybody."""

    renderer_classes = [OpenApiJsonRenderer2]
    content_negotiation_class = OneFormat
    http_method_names = ["get", "head"]


class DocsView(SpectacularSwaggerSplitView):
    """Swagger UI from our own files, on a page without inline script or style."""

    url_name = "api:schema"
    template_name = "linking/api/docs.html"
    http_method_names = ["get", "head"]
