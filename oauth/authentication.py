"""Bearer authentication for the REST API: as a connection, or as a service."""

from __future__ import annotations

from django.conf import settings
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.models import User
from oauth.bearer import Principal, challenge_for, read_authorization_header, resolve_bearer_token
from oauth.errors import InvalidToken, TokenMissing
from oauth.models import Client
from oauth.scopes import RESOLVE_SCOPE
from oauth.services import resolve_service_token


class BearerAuthentication(BaseAuthentication):
    """`request.user` is the identity's user and `request.auth` the principal; see `oauth.bearer`."""

    def authenticate(self, request: Request) -> tuple[User, Principal] | None:
        """The principal of the request's bearer token, or None when it has none.

        Raises:
            AuthenticationFailed: a token was sent and does not act.
        """
        try:
            token = read_authorization_header(request.headers.get("Authorization"))
            if token is None:
                return None
            principal = resolve_bearer_token(token, resource=settings.DEXTER_RESOURCE)
        except InvalidToken as refusal:
            raise AuthenticationFailed(refusal.description) from refusal
        return principal.user, principal

    def authenticate_header(self, request: Request) -> str:
        """The challenge of a 401."""
        try:
            sent = read_authorization_header(request.headers.get("Authorization")) is not None
        except InvalidToken:
            sent = True
        return challenge_for(InvalidToken() if sent else TokenMissing())


class ServiceAuthentication(BaseAuthentication):
    """`request.auth` is the client of a service token, and `request.user` nobody: a service acts for no person."""

    def authenticate(self, request: Request) -> tuple[None, Client] | None:
        """The service of the request's token, or None when it has none.

        Raises:
            AuthenticationFailed: a token was sent, and it is no service's.
        """
        try:
            token = read_authorization_header(request.headers.get("Authorization"))
            return None if token is None else (None, resolve_service_token(token))
        except InvalidToken as refusal:
            raise AuthenticationFailed(refusal.description) from refusal

    def authenticate_header(self, request: Request) -> str:
        """The challenge of a 401."""
        return f'Bearer scope="{RESOLVE_SCOPE}"'
