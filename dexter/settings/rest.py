"""The REST API and its OpenAPI document."""

from __future__ import annotations

from dexter.settings.site import DEXTER_SITE_NAME, DEXTER_VERSION

REST_FRAMEWORK = {
    # For views that another app adds: without these they would let everybody in. Our own routes say who may call them,
    # in `linking.api.requests.ApiView`.
    "DEFAULT_AUTHENTICATION_CLASSES": ["oauth.authentication.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "linking.api.problems.answer_with_problem",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": f"{DEXTER_SITE_NAME} API",
    "DESCRIPTION": "Link assistants to accounts from another front end. Every error is a problem (RFC 9457).",
    "VERSION": DEXTER_VERSION,
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api",
}
