"""Between Django's requests and oauthlib's: what of a request oauthlib may see."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from oauth2_provider.exceptions import FatalClientError
from oauth2_provider.oauth2_backends import OAuthLibCore
from oauthlib.oauth2.rfc6749.errors import InvalidRequestFatalError

from oauth.tokens import digest

# In characters. An authorization request has about 1,000; it travels through the sign-in pages in their query.
MAX_QUERY_LENGTH = 8192
# Which client proved its key, if one did. No request can send it: only the headers named below get through.
PROVED_CLIENT = "X_DEXTER_PROVED_CLIENT"


class AuthorizationCore(OAuthLibCore):
    """The authorization endpoint: parameters come from the query alone; the body is our own consent form."""

    def extract_body(self, request: HttpRequest) -> list[tuple[str, str]]:
        """Nothing: a form field must not override what the consent page showed."""
        return []

    def extract_headers(self, request: HttpRequest) -> dict[str, Any]:
        """Only whether the person is signed in, for `prompt=none`; cookies and addresses are nothing to oauthlib."""
        return {"X_DEXTER_SIGNED_IN": "1"} if request.user.is_authenticated else {}

    def validate_authorization_request(self, request: HttpRequest) -> tuple[list[str], dict[str, Any]]:
        """As upstream, with a query that nobody can read as a fault to show to the person.

        Upstream raises ValueError for a query that cannot be decoded, and the database a DataError for a NUL.
        """
        if len(request.META.get("QUERY_STRING", "")) > MAX_QUERY_LENGTH:
            raise _unreadable(f"The query is longer than {MAX_QUERY_LENGTH} characters.")
        if any("\x00" in text for name, values in request.GET.lists() for text in (name, *values)):
            raise _unreadable("A parameter has a NUL character.")
        try:
            scopes, credentials = super().validate_authorization_request(request)
        except ValueError:
            raise _unreadable("The query is not form-encoded.") from None
        return scopes, credentials


class TokenCore(OAuthLibCore):
    """The token and revocation endpoints: an authorization code is replaced by its digest as it enters.

    django-oauth-toolkit looks codes up by value in seven places. With the digest in the request each of them works
    unchanged, and the code itself never reaches the database.
    """

    def extract_body(self, request: HttpRequest) -> list[tuple[str, str]]:
        """The form, with the code digested, and without what was sent without a value (RFC 6749 §3.2)."""
        return [
            (name, digest(value) if name == "code" else value) for name, value in super().extract_body(request) if value
        ]

    def extract_headers(self, request: HttpRequest) -> dict[str, Any]:
        """The client's credentials and the content type, under the names that upstream and oauthlib look for."""
        headers = {"CONTENT_TYPE": request.META.get("CONTENT_TYPE", "")}
        headers["Content-Type"] = headers["CONTENT_TYPE"]
        scheme, _, credentials = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() == "basic":
            # Upstream knows one spelling; the name of a scheme has no case (RFC 9110 §11.1).
            headers["HTTP_AUTHORIZATION"] = headers["Authorization"] = f"Basic {credentials}"
        if proved_client_id := getattr(request, "proved_client_id", None):
            headers[PROVED_CLIENT] = proved_client_id
        return headers


def _unreadable(description: str) -> FatalClientError:
    return FatalClientError(error=InvalidRequestFatalError(description=description))
