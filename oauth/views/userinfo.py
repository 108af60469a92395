"""The UserInfo endpoint (OpenID Connect Core §5.3)."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

from oauth.bearer import challenge_for, read_authorization_header, resolve_bearer_token
from oauth.claims import identity_claims
from oauth.endpoints import error_response, protocol_endpoint
from oauth.errors import InsufficientScope, InvalidToken, TokenMissing


@protocol_endpoint(methods=("GET", "POST"))
def userinfo(request: HttpRequest) -> HttpResponse:
    """The claims about the person that the token's scopes allow; `openid` is needed."""
    try:
        token = read_authorization_header(request.headers.get("Authorization"))
        if token is None:
            raise TokenMissing
        principal = resolve_bearer_token(token, resource=settings.DEXTER_RESOURCE)
        if "openid" not in principal.scopes:
            raise InsufficientScope(["openid"])
    except (InvalidToken, InsufficientScope) as refusal:
        headers = {"WWW-Authenticate": challenge_for(refusal, scopes=["openid"])}
        return error_response(refusal.error, refusal.description, status=refusal.status, headers=headers)
    claims = identity_claims(principal.account or principal.user, principal.scopes)
    return JsonResponse(claims | {"sub": principal.subject})
