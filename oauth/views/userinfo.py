"""The UserInfo endpoint (OpenID Connect Core §5.3)."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

from oauth.bearer import bearer_challenge, read_authorization_header, resolve_bearer_token
from oauth.endpoints import error_response, protocol_endpoint
from oauth.errors import InsufficientScope, InvalidToken
from oauth.validator import identity_claims


@protocol_endpoint(methods=("GET", "POST"))
def userinfo(request: HttpRequest) -> HttpResponse:
    """The claims about the person that the token's scopes allow; `openid` is needed."""
    sent = None
    try:
        sent = read_authorization_header(request.headers.get("Authorization"))
        if sent is None:
            return _challenge(status=401)
        principal = resolve_bearer_token(sent, resource=settings.DEXTER_RESOURCE)
        if "openid" not in principal.scopes:
            raise InsufficientScope(["openid"])
    except InvalidToken as refusal:
        return _challenge(error=refusal.error, description=refusal.description, status=401)
    except InsufficientScope as refusal:
        return _challenge(error=refusal.error, description=refusal.description, scopes=refusal.scopes, status=403)
    claims = identity_claims(principal.account or principal.user, principal.scopes)
    return JsonResponse(claims | {"sub": principal.subject})


def _challenge(
    *, status: int, error: str | None = None, description: str | None = None, scopes: tuple[str, ...] = ("openid",)
) -> HttpResponse:
    challenge = bearer_challenge(error=error, description=description, scopes=scopes)
    words = description or "An access token is needed."
    return error_response(error or "invalid_token", words, status=status, headers={"WWW-Authenticate": challenge})
