"""What the OpenAPI document says beyond what can be read from the code: who may call, and every status."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.serializers import Serializer

from linking.api.problems import CONTENT_TYPE
from linking.api.requests import AccountOnly
from linking.api.serializers import ProblemSchema
from oauth.scopes import RESOLVE_SCOPE


# Upstream registers each subclass as it is defined, by a hook without annotations.
class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """The access token of a connection."""

    target_class = "oauth.authentication.BearerAuthentication"
    name = "bearer"

    # Upstream leaves out a scheme that is None; its annotation does not say so.
    def get_security_requirement(self, auto_schema: Any) -> dict[str, list[Any]] | None:  # type: ignore[override]
        """The scopes of the route, unless it takes no tokens at all."""
        view = auto_schema.view
        return None if AccountOnly in view.permission_classes else {self.name: list(view.required_scopes)}

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer", "description": "The access token of a connection, as at /mcp."}


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """The website's session."""

    target_class = "linking.api.requests.WebsiteSession"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": settings.SESSION_COOKIE_NAME,
            "description": "The website's session. Changes need the header X-CSRFToken; /api/link/status gives it.",
        }


class ServiceScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """The token of a service."""

    target_class = "oauth.authentication.ServiceAuthentication"
    name = "service"

    def get_security_requirement(self, auto_schema: Any) -> dict[str, list[Any]]:
        """The only scope that such a token has."""
        return {self.name: [RESOLVE_SCOPE]}

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {
            "type": "oauth2",
            "description": "For clients that staff marked in the admin.",
            "flows": {
                "clientCredentials": {
                    "tokenUrl": f"{settings.DEXTER_PUBLIC_URL}/mcp/token",
                    "scopes": {RESOLVE_SCOPE: "Look up which account an identity acts for"},
                }
            },
        }


def documented(
    summary: str,
    *,
    refusals: Sequence[int],
    takes: type[Serializer[Any]] | None = None,
    answers: type[Serializer[Any]] | None = None,
    status: int = 200,
) -> Callable[[Any], Any]:
    """Describe one operation: what it answers when all is well, and a problem for each of `refusals` and outages."""
    problems = {
        (refusal, CONTENT_TYPE): OpenApiResponse(ProblemSchema, description=_WORDS[refusal])
        for refusal in (*refusals, 500, 503)
    }
    waits = [
        OpenApiParameter("Retry-After", int, OpenApiParameter.HEADER, response=[refusal], required=True)
        for refusal in (429, 503)
        if refusal in (*refusals, 503)
    ]
    return extend_schema(
        summary=summary,
        request=takes,
        parameters=waits,
        responses={status: answers or OpenApiResponse(description="Done."), **problems},
        tags=["api"],
    )


_WORDS = {
    400: "The request cannot be read, or the code does not work.",
    401: "No credentials, or an access token that does not act.",
    403: "Not for this caller: a scope, the session, a recent sign-in or the CSRF token is missing.",
    404: "There is no such thing, or it is somebody else's.",
    409: "Not as things stand.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    429: "Too often.",
    500: "Something went wrong on our side.",
    503: "The database is away.",
}
