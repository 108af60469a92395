"""The oauthlib server behind the endpoints: authorization code and refresh token, S256, nothing else.

oauthlib's ready-made servers also answer the implicit, password, client-credentials and device grants
(connectors §3, hole 6). What is not built here cannot be reached.
"""

from __future__ import annotations

import re
from typing import Any

from oauthlib.oauth2.rfc6749 import errors
from oauthlib.oauth2.rfc6749.endpoints import AuthorizationEndpoint, RevocationEndpoint, TokenEndpoint
from oauthlib.oauth2.rfc6749.grant_types import AuthorizationCodeGrant as CodeGrant
from oauthlib.oauth2.rfc6749.grant_types.authorization_code import code_challenge_method_s256
from oauthlib.oauth2.rfc6749.tokens import BearerToken
from oauthlib.openid.connect.core.exceptions import RequestNotSupported, RequestURINotSupported
from oauthlib.openid.connect.core.grant_types import AuthorizationCodeGrant as OpenIDCodeGrant
from oauthlib.openid.connect.core.grant_types import RefreshTokenGrant

from oauth.resources import canonical_resources

MAX_NONCE_LENGTH = 255
_S256_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")


class S256CodeGrant(CodeGrant):
    """The authorization code grant with S256 as the only PKCE method (RFC 7636 §4.2, RFC 9700 §2.1.1)."""

    _code_challenge_methods = {"S256": code_challenge_method_s256}


class AuthorizationCodeGrant(OpenIDCodeGrant):
    """The same with an ID token when `openid` was granted, and the checks that oauthlib leaves to us."""

    def __init__(self, request_validator: Any) -> None:
        self.proxy_target = S256CodeGrant(request_validator=request_validator)
        self.custom_validators.pre_auth.extend([check_parameters, check_code_challenge, check_resource])
        self.custom_validators.post_auth.extend([refuse_silent_consent, self.openid_authorization_validator])
        self.register_token_modifier(self.add_id_token)


def check_parameters(request: Any) -> dict[str, Any]:
    """Parameters come once (RFC 6749 §3.1), `resource` excepted, and ask for nothing that is not advertised.

    A code in the fragment would go past the assistant's own checks to whatever runs on its page, so `response_mode` is
    not the sender's to choose. A signed request object that nobody reads would look as if it held (OpenID Connect Core
    §6). `claims` is not supported and left out (§5.5); oauthlib would parse it, and its error for a malformed one has
    forgotten where to go.
    """
    if set(request.duplicate_params) - {"resource"}:
        raise errors.InvalidRequestError(description="A parameter is repeated.", request=request)
    if request.response_mode not in (None, "query"):
        raise errors.InvalidRequestError(description="response_mode must be query.", request=request)
    sent = {name for name, value in request.uri_query_params if value}
    if "request" in sent:
        raise RequestNotSupported(request=request)
    if "request_uri" in sent:
        raise RequestURINotSupported(request=request)
    if len(request.nonce or "") > MAX_NONCE_LENGTH:
        raise errors.InvalidRequestError(description=f"nonce is longer than {MAX_NONCE_LENGTH}.", request=request)
    request.claims = None
    return {}


def check_code_challenge(request: Any) -> dict[str, Any]:
    """A challenge is the base64url of a SHA-256, 43 characters (RFC 7636 §4.2); nothing else can ever be met."""
    if request.code_challenge is not None and not _S256_CHALLENGE.fullmatch(request.code_challenge):
        raise errors.InvalidRequestError(description="code_challenge must be a S256 challenge.", request=request)
    return {}


def check_resource(request: Any) -> dict[str, Any]:
    """`resource` may be repeated, and each must be ours (RFC 8707 §2)."""
    if canonical_resources(value for name, value in request.uri_query_params if name == "resource") is None:
        raise errors.CustomOAuth2Error(
            error="invalid_target", description="The resource is not served here.", request=request
        )
    return {}


def refuse_silent_consent(request: Any) -> dict[str, Any]:
    """Answer `prompt=none` without a page: nobody is ever let in without being asked (OpenID Connect Core §3.1.2.6).

    oauthlib asks the validator only when `openid` is in the scope, and django-oauth-toolkit's raises
    NotImplementedError (connectors §3, hole 9).
    """
    prompt = set((request.prompt or "").split())
    if "none" not in prompt:
        return {}
    if len(prompt) > 1:
        raise errors.InvalidRequestError(description="prompt=none stands alone.", request=request)
    if not request.headers.get("X_DEXTER_SIGNED_IN"):
        raise errors.LoginRequired(request=request)
    raise errors.ConsentRequired(request=request)


class AuthorizationServer(AuthorizationEndpoint, TokenEndpoint, RevocationEndpoint):
    """What `OAUTH2_SERVER_CLASS` names."""

    def __init__(
        self,
        request_validator: Any,
        token_expires_in: int | None = None,
        token_generator: Any = None,
        refresh_token_generator: Any = None,
        **_: Any,
    ) -> None:
        self.request_validator = request_validator
        bearer = BearerToken(request_validator, token_generator, token_expires_in, refresh_token_generator)
        code_grant = AuthorizationCodeGrant(request_validator)
        AuthorizationEndpoint.__init__(
            self, default_response_type="code", default_token_type=bearer, response_types={"code": code_grant}
        )
        TokenEndpoint.__init__(
            self,
            default_grant_type="authorization_code",
            default_token_type=bearer,
            grant_types={
                "authorization_code": code_grant,
                "refresh_token": RefreshTokenGrant(request_validator),
            },
        )
        RevocationEndpoint.__init__(self, request_validator)
