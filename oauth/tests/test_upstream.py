"""What we override of django-oauth-toolkit and oauthlib, or rely on the inside of, as we read it; and why we do.

When an upgrade changes one of them the digest fails: read the change upstream, read our override next to it, see that
it still holds, and renew the digest.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from oauth2_provider import cimd
from oauth2_provider import models as provider_models
from oauth2_provider.management.commands import clearcimdapplications, cleartokens, createapplication
from oauth2_provider.oauth2_backends import OAuthLibCore
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauth2_provider.views.mixins import OAuthLibMixin
from oauthlib import uri_validate
from oauthlib.oauth2.rfc6749.endpoints import AuthorizationEndpoint, RevocationEndpoint, TokenEndpoint
from oauthlib.oauth2.rfc6749.errors import OAuth2Error
from oauthlib.oauth2.rfc6749.grant_types import AuthorizationCodeGrant as CodeGrant
from oauthlib.oauth2.rfc6749.grant_types import RefreshTokenGrant as PlainRefreshTokenGrant
from oauthlib.oauth2.rfc6749.grant_types.base import GrantTypeBase
from oauthlib.oauth2.rfc6749.tokens import BearerToken
from oauthlib.openid.connect.core.grant_types import AuthorizationCodeGrant as OpenIDCodeGrant
from oauthlib.openid.connect.core.grant_types import RefreshTokenGrant
from oauthlib.openid.connect.core.grant_types.base import GrantTypeBase as OpenIDGrantTypeBase
from oauthlib.openid.connect.core.request_validator import RequestValidator

from accounts.tests.upstream import digest_of
from oauth import models as our_models
from oauth.backends import AuthorizationCore, TokenCore
from oauth.server import AuthorizationCodeGrant, AuthorizationServer, S256CodeGrant
from oauth.validator import DexterValidator

OURS: tuple[type, ...] = (
    DexterValidator,
    AuthorizationCore,
    TokenCore,
    S256CodeGrant,
    AuthorizationCodeGrant,
    AuthorizationServer,
    our_models.Client,
    our_models.Grant,
    our_models.AccessToken,
    our_models.RefreshToken,
    our_models.IDToken,
    our_models.DeviceGrant,
)

# What one of our classes overrides: read both together.
OVERRIDDEN: list[tuple[Callable[..., Any], str]] = [
    (OAuth2Validator._load_application, "d6038203ad28e221"),
    (OAuth2Validator.client_authentication_required, "022eae2ed782ee4e"),
    (OAuth2Validator.authenticate_client, "d9989c4987b9e49b"),
    (OAuth2Validator._authenticate_request_body, "badc8e137439e716"),
    (OAuth2Validator._authenticate_basic_auth, "0ccf0da781b77ef2"),
    (OAuth2Validator._check_secret, "0582427eb9265142"),
    (OAuth2Validator.validate_scopes, "7d81caeec372037b"),
    (OAuth2Validator.validate_code, "7c0d04cfdf75a27f"),
    (OAuth2Validator.confirm_redirect_uri, "96af690d40013206"),
    (OAuth2Validator.invalidate_authorization_code, "71143192a5cd413d"),
    (OAuth2Validator.validate_refresh_token, "50e7ceb3ce23bfec"),
    (OAuth2Validator.get_original_scopes, "628b41eea1be7679"),
    (RequestValidator.refresh_id_token, "c6b88830c22fd2b7"),
    (OAuth2Validator._check_and_set_request_resource, "83be546872406c2c"),
    (OAuth2Validator._save_bearer_token, "bbf80b89d0b56459"),
    (OAuth2Validator.revoke_token, "6ff31c6f69452a67"),
    (OAuth2Validator.get_additional_claims, "c07b9e770f2c6c46"),
    (OAuth2Validator.finalize_id_token, "fda062f4b8116e47"),
    (OAuthLibCore.extract_body, "a4185e7bad629ec8"),
    (OAuthLibCore.extract_headers, "a7680c295d583f11"),
    (OAuthLibCore.validate_authorization_request, "344059c25ac37f31"),
    (OpenIDCodeGrant.__init__, "fe7ae53f1f13f7e3"),
    (AuthorizationEndpoint.__init__, "adfea4217acf4024"),
    (provider_models.AbstractApplication.__str__, "4af538f3c9e48bb0"),
    (provider_models.AbstractApplication.clean, "7b36d1b419b17d6e"),
    (provider_models.AbstractApplication.default_redirect_uri.fget, "cb3eed15c1f2a7d9"),
    (provider_models.AbstractApplication.redirect_uri_allowed, "5ddcb28e41adfd9e"),
    (provider_models.AbstractApplication.is_usable, "9ef8e7eb2a9fc1ba"),
]

# What calls our overrides, in an order and with arguments that we count on; and what we replace or call directly.
RELIED_ON: list[tuple[Callable[..., Any], str]] = [
    (provider_models.set_token_value, "98fc9efd4e717c52"),
    (OAuth2Validator.authenticate_client_id, "fcc271b1f150608f"),
    (OAuth2Validator.get_authorization_code_nonce, "d3b7e7749e0175e6"),
    (OAuth2Validator.get_claim_dict, "1a72c6b74279b9c5"),
    (OAuth2Validator.get_code_challenge, "1dfc26e1ae3c9227"),
    (OAuth2Validator.get_code_challenge_method, "a7b09d76e43c2e32"),
    (OAuth2Validator.get_id_token_dictionary, "aa04ce6559737d5e"),
    (OAuth2Validator.get_oidc_claims, "04a52b99c0591269"),
    (OAuth2Validator._save_id_token, "fc3dac719d350eee"),
    (OAuth2Validator.is_pkce_required, "ff7b2c400a6fa224"),
    (OAuth2Validator.save_bearer_token, "8c29620f26f8e1cd"),
    (OAuth2Validator.validate_grant_type, "16cf9106537f222d"),
    (OAuth2Validator.validate_redirect_uri, "895f86c365b8457f"),
    (OAuth2Validator.validate_response_type, "6933b76d1bdcc716"),
    # `_load_application` calls these, and they fetch nothing: `oauth.client_documents` does instead, at another time.
    (cimd.resolve_cimd_application, "1f584e64441fa738"),
    (cimd.refresh_if_stale, "a1373465bcae978a"),
    (OAuthLibCore._extract_params, "245595e0039a3c54"),
    (OAuthLibCore._get_escaped_full_path, "7d57dd4bf5b5a0da"),
    (OAuthLibCore.create_token_response, "31996e4ee866958f"),
    (OAuthLibCore.create_revocation_response, "b6fe73493efdd2cb"),
    # `oauth.views.authorize` answers by itself and does not call this.
    (OAuthLibCore.create_authorization_response, "4129a73fce79126c"),
    (OAuthLibMixin.get_oauthlib_core, "56528889d5e8ffe5"),
    (CodeGrant.create_token_response, "c30a8172a7f21fe2"),
    (CodeGrant.validate_authorization_request, "b42cb141197c3c63"),
    (CodeGrant.validate_token_request, "ccdae4595c969cf5"),
    (CodeGrant.create_authorization_response, "48af808b794296ba"),
    (CodeGrant.validate_code_challenge, "bb2f7b85b3c63fad"),
    (PlainRefreshTokenGrant.create_token_response, "2988eefb5e14606b"),
    (PlainRefreshTokenGrant.validate_token_request, "1c1e9d95c80e2099"),
    (GrantTypeBase.validate_client_authentication, "67ddb3514c49e67f"),
    (GrantTypeBase.validate_client_confidential, "3c3157f6352beee4"),
    (GrantTypeBase.validate_client_public, "57bfa0aafaf84470"),
    (GrantTypeBase._handle_redirects, "b70a4ef1f11479c9"),
    (OpenIDCodeGrant.add_id_token, "de1fd857bfefcca7"),
    (OpenIDGrantTypeBase.add_id_token, "32ddd836892a543f"),
    (OpenIDGrantTypeBase.openid_authorization_validator, "080dc17ed3d501f3"),
    (RefreshTokenGrant.__init__, "38d6ebfe7d823394"),
    (RefreshTokenGrant.add_id_token, "c4cdef5b2a20e5db"),
    (TokenEndpoint.create_token_response, "0e9727e9c09a10ed"),
    (RevocationEndpoint.create_revocation_response, "aa3e3044e485b253"),
    (RevocationEndpoint.validate_revocation_request, "9564278d0c05d647"),
    (BearerToken.create_token, "3cfcf0b33067039f"),
    (OAuth2Error.__init__, "d5bb7d67b7bcf6c0"),
    (OAuth2Error.twotuples.fget, "fd7ecc39481b3ef1"),
    (uri_validate.is_absolute_uri, "815be96854f80d9c"),
    (provider_models.set_token_value, "98fc9efd4e717c52"),
    (provider_models.TokenChecksumField.pre_save, "8e8de38ff3d0505a"),
    (provider_models.ClientSecretField.pre_save, "1117a3facbb09076"),
    # `oauth.management.commands.cleartokens` takes the place of the first; the others are as good as unused here.
    (cleartokens.Command.handle, "9fe15fa74623ffb7"),
    (provider_models.clear_expired, "ecb96672ef97f492"),
    (clearcimdapplications.Command.handle, "98874795d13ca423"),
    (createapplication.Command.handle, "a224c5dd570724a7"),
]


def overridden_by(ours: type) -> Iterator[tuple[str, Callable[..., Any]]]:
    """The methods and properties that `ours` defines and a class of the libraries does too."""
    for name, member in vars(ours).items():
        if not inspect.isfunction(_function_of(member)) or _function_of(member).__module__.partition(".")[0] != "oauth":
            continue
        theirs = [base for base in ours.__mro__[1:] if name in vars(base) and _is_library(base)]
        yield from ((f"{base.__qualname__}.{name}", _function_of(vars(base)[name])) for base in theirs[:1])


def _function_of(member: Any) -> Any:
    return member.fget if isinstance(member, property) else member


def _is_library(base: type) -> bool:
    return base.__module__.partition(".")[0] in {"oauth2_provider", "oauthlib"}


@pytest.mark.parametrize(
    ("upstream", "digest"), [*OVERRIDDEN, *RELIED_ON], ids=lambda value: getattr(value, "__qualname__", None)
)
def test_upstream_is_what_we_read(upstream: Callable[..., Any], digest: str) -> None:
    assert digest_of(upstream) == digest, (
        f"{upstream.__module__}.{upstream.__qualname__} has changed. Read it again beside what overrides or calls it "
        "in oauth/validator.py, oauth/server.py, oauth/backends.py, oauth/services/ and oauth/models/, then renew its "
        "digest."
    )


@pytest.mark.parametrize("ours", OURS, ids=lambda ours: ours.__name__)
def test_every_override_has_a_digest(ours: type) -> None:
    known = {upstream for upstream, _ in OVERRIDDEN}

    assert [name for name, method in overridden_by(ours) if method not in known] == []


def test_every_digest_is_of_an_override() -> None:
    overridden = {method for ours in OURS for _, method in overridden_by(ours)}

    assert [upstream.__qualname__ for upstream, _ in OVERRIDDEN if upstream not in overridden] == []
