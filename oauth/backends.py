"""Between Django's requests and oauthlib's: what of a request oauthlib may see."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from oauth2_provider.exceptions import FatalClientError
from oauth2_provider.oauth2_backends import OAuthLibCore
from oauthlib.oauth2.rfc6749.errors import InvalidRequestFatalError

from oauth.tokens import digest


class AuthorizationCore(OAuthLibCore):
    """The authorization endpoint: parameters come from the query alone; the body is our own consent form."""

    def extract_body(self, request: HttpRequest) -> list[tuple[str, str]]:
        """Nothing: a form field must not override what the consent page showed."""
        return []

    def extract_headers(self, request: HttpRequest) -> dict[str, Any]:
        """Only whether the person is signed in, for `prompt=none`; cookies and addresses are nothing to oauthlib."""
        return {"X_DEXTER_SIGNED_IN": "1"} if request.user.is_authenticated else {}

    def validate_authorization_request(self, request: HttpRequest) -> tuple[list[str], dict[str, Any]]:
        """As upstream, with a query that cannot be decoded as an error to show instead of a ValueError."""
        try:
            scopes, credentials = super().validate_authorization_request(request)
        except ValueError:
            raise FatalClientError(error=InvalidRequestFatalError(description="Malformed query.")) from None
        return scopes, credentials


class TokenCore(OAuthLibCore):
    """The token and revocation endpoints: an authorization code is replaced by its digest as it enters.

    django-oauth-toolkit looks codes up by value in seven places. With the digest in the request each of them works
    unchanged, and the code itself never reaches the database.
    """

    def extract_body(self, request: HttpRequest) -> list[tuple[str, str]]:
        """The form, with the code digested."""
        return [(name, digest(value) if name == "code" else value) for name, value in super().extract_body(request)]

    def extract_headers(self, request: HttpRequest) -> dict[str, Any]:
        """The credentials and the content type."""
        names = {
            "HTTP_AUTHORIZATION": ("HTTP_AUTHORIZATION", "Authorization"),
            "CONTENT_TYPE": ("CONTENT_TYPE", "Content-Type"),
        }
        return {alias: request.META[name] for name, aliases in names.items() if name in request.META for alias in aliases}
