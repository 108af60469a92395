"""Old endpoint families: alive for clients that cached them, never advertised (design §5).

One family was used without a `client_id`. It is resolved only when exactly one client that staff made and marked for it
registered the very same redirect URI; PKCE is required all the same.
"""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.views.decorators.debug import sensitive_post_parameters

from oauth.endpoints import protocol_endpoint
from oauth.models import Client, Grant, RefreshToken
from oauth.tokens import digest
from oauth.views.authorize import AuthorizeView
from oauth.views.token import token


class LegacyAuthorizeView(AuthorizeView):
    """The authorization endpoint for a request that may come without `client_id`."""

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        """Fill in the client, if there is exactly one that it can be; otherwise the page says what is missing."""
        redirect_uris = request.GET.getlist("redirect_uri")
        if "client_id" not in request.GET and len(redirect_uris) == 1:
            client = _only_client_with(redirect_uris[0])
            if client is not None:
                parameters = request.GET.copy()
                parameters["client_id"] = client.client_id
                request.GET = parameters  # type: ignore[assignment]
                request.META["QUERY_STRING"] = urlencode(
                    [(name, value) for name, values in parameters.lists() for value in values]
                )
        return super().dispatch(request, *args, **kwargs)


@sensitive_post_parameters()
@protocol_endpoint(methods=("POST",))
def legacy_token(request: HttpRequest) -> HttpResponse:
    """The token endpoint for a request that may come without `client_id`: its code or token names the client.

    A protocol endpoint of its own: it reads the body and asks the database before `token` does.
    """
    if "client_id" not in request.POST and "Authorization" not in request.headers:
        client = _client_of_credential(request)
        if client is not None:
            parameters = request.POST.copy()
            parameters["client_id"] = client.client_id
            request.POST = parameters  # type: ignore[assignment]
    return token(request)


def _only_client_with(redirect_uri: str) -> Client | None:
    marked = Client.objects.filter(registration_source=Client.RegistrationSource.MANUAL, serves_legacy_family=True)
    matching = [client for client in marked if redirect_uri in client.redirect_uris.split()]
    return matching[0] if len(matching) == 1 else None


def _client_of_credential(request: HttpRequest) -> Client | None:
    code, refresh_token = request.POST.get("code"), request.POST.get("refresh_token")
    row: Grant | RefreshToken | None = None
    if code:
        row = Grant.objects.select_related("application").filter(code=digest(code)).first()
    elif refresh_token:
        checksum = digest(refresh_token)
        row = RefreshToken.objects.select_related("application").filter(token_checksum=checksum).first()
    client: Client | None = row.application if row is not None else None
    return client if client is not None and client.serves_legacy_family else None
