"""What the API reads of a request: JSON within limits, one principal, and what a route needs of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from django.conf import settings
from django.http import HttpResponse
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import MethodNotAllowed, ParseError, PermissionDenied
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.permissions import BasePermission
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.models import User
from linking.api.problems import CsrfRefused, SessionRequired, TooLarge
from oauth.authentication import BearerAuthentication
from oauth.bearer import Principal
from oauth.errors import InsufficientScope
from oauth.models import Client


class WebsiteSession(SessionAuthentication):
    """The website's session, with its CSRF token for every change. A guest's browser is signed out, as everywhere."""

    def authenticate(self, request: Request) -> tuple[User, None] | None:
        """The account that is signed in on the website, if there is one."""
        user = getattr(request._request, "user", None)
        if not isinstance(user, User) or user.is_guest:
            return None
        found: Any = super().authenticate(request)
        return found

    def enforce_csrf(self, request: Request) -> None:
        """As upstream, with a problem of its own."""
        try:
            super().enforce_csrf(request)
        except PermissionDenied as error:
            raise CsrfRefused from error


class JSONBody(BaseParser):
    """A JSON body in UTF-8, whatever charset it claims (RFC 8259 §8.1), and no larger than any other form of ours.

    Upstream's reads a body of any size, in any codec of Python's, and falls over one that is nested too deeply.
    """

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        """The value that the body holds.

        Raises:
            TooLarge: it is over the limit.
            ParseError: it is not JSON.
        """
        limit: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise TooLarge
        try:
            return json.loads(body.decode(), parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise ParseError from error


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


class OneFormat(BaseContentNegotiation):
    """JSON, whatever the caller would rather have."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        """The one there is, if the body is JSON; upstream's rule for parameters of the type is not needed."""
        media_type = (request.content_type or "").partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == media_type), None)

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        """The first."""
        return renderers[0], renderers[0].media_type


class ConnectionOrAccount(BasePermission):
    """A connection whose token has the scopes of the route, or an account that is signed in on the website."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether somebody called who may.

        Raises:
            InsufficientScope: a good token, but not for this.
        """
        if isinstance(request.auth, Principal):
            if not request.auth.scopes.issuperset(view.required_scopes):
                raise InsufficientScope(view.required_scopes)
            return True
        return request.user is not None


class AccountOnly(BasePermission):
    """An account that is signed in on the website, and never a token.

    An assistant acts for a person. If its token could confirm codes, list connections or end them, one assistant could
    let in another, or shut it out, and the person would not have been asked.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        """True: whoever may not is told that it takes a session.

        Raises:
            SessionRequired: there is a token, or nobody is signed in.
        """
        if request.auth is not None or request.user is None:
            raise SessionRequired
        return True


class ServiceOnly(BasePermission):
    """A service that staff trust, with a token of its own; neither a person nor an assistant."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether a service token came."""
        return isinstance(request.auth, Client)


class ApiView(APIView):
    """A route of the API. Its answers are JSON that nobody keeps; no other origin may read them."""

    authentication_classes = [BearerAuthentication, WebsiteSession]
    parser_classes = [JSONBody]
    renderer_classes = [JSONRenderer]
    content_negotiation_class = OneFormat
    permission_classes = [ConnectionOrAccount]
    required_scopes: ClassVar[tuple[str, ...]] = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """As upstream, but a method that the route does not have is told so before anybody is asked who they are."""
        method = (request.method or "").lower()
        if method not in self.http_method_names or not hasattr(self, method):
            raise MethodNotAllowed(request.method or "")
        if method != "options":
            super().initial(request, *args, **kwargs)

    # Upstream answers with a description of the view; this has no body to type.
    def options(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:  # type: ignore[override]
        """What the route answers, and no CORS headers: pages of other origins have no business here."""
        return HttpResponse(status=204, headers={"Allow": ", ".join(self.allowed_methods)})
