"""The authorization server: tokens, scopes, and django-oauth-toolkit."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext_noop as _

from dexter.settings.site import DEXTER_ISSUER, env

OAUTH2_PROVIDER_APPLICATION_MODEL = "oauth.Client"
OAUTH2_PROVIDER_GRANT_MODEL = "oauth.Grant"
OAUTH2_PROVIDER_ACCESS_TOKEN_MODEL = "oauth.AccessToken"  # noqa: S105
OAUTH2_PROVIDER_REFRESH_TOKEN_MODEL = "oauth.RefreshToken"  # noqa: S105
OAUTH2_PROVIDER_ID_TOKEN_MODEL = "oauth.IDToken"  # noqa: S105
OAUTH2_PROVIDER_DEVICE_GRANT_MODEL = "oauth.DeviceGrant"

DEXTER_ACCESS_TOKEN_LIFETIME = timedelta(seconds=env.access_token_seconds)
DEXTER_REFRESH_TOKEN_LIFETIME = timedelta(days=60)
DEXTER_SESSION_LIFETIME = timedelta(days=365)
DEXTER_REFRESH_TOKEN_GRACE = timedelta(minutes=10)

# What a token may do, in the words that the consent page shows.
DEXTER_SCOPES = {
    "identity.read": _("See which account it acts for"),
    "link.write": _("Ask you to link it to your account, and end that link"),
    "openid": _("Confirm that it is you"),
    "profile": _("See your name"),
    "email": _("See your email address"),
    "offline_access": _("Stay connected when you are away"),
}
DEXTER_DEFAULT_SCOPES = ["identity.read", "link.write", "offline_access"]
# What a first connection asks for: the `scope` of a challenge without a token, and of the protected-resource document.
# A tool that needs more, such as `profile`, is answered by a challenge of its own.
DEXTER_RESOURCE_SCOPES = ["identity.read", "link.write"]

OAUTH2_PROVIDER = {
    "OAUTH2_VALIDATOR_CLASS": "oauth.validator.DexterValidator",
    "OAUTH2_SERVER_CLASS": "oauth.server.AuthorizationServer",
    "ACCESS_TOKEN_GENERATOR": "oauth.tokens.generate_access_token",
    "REFRESH_TOKEN_GENERATOR": "oauth.tokens.generate_refresh_token",
    "CLIENT_SECRET_HASHER": "generated_secret",
    "SCOPES": DEXTER_SCOPES,
    "DEFAULT_SCOPES": DEXTER_DEFAULT_SCOPES,
    "ACCESS_TOKEN_EXPIRE_SECONDS": int(DEXTER_ACCESS_TOKEN_LIFETIME.total_seconds()),
    "ID_TOKEN_EXPIRE_SECONDS": int(DEXTER_ACCESS_TOKEN_LIFETIME.total_seconds()),
    "REFRESH_TOKEN_EXPIRE_SECONDS": int(DEXTER_REFRESH_TOKEN_LIFETIME.total_seconds()),
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
    "AUTHORIZATION_CODE_EXPIRE_SECONDS": 60,
    "PKCE_REQUIRED": True,
    "OIDC_ENABLED": True,
    # Upstream would fetch inside the token endpoint's transaction, and refuse the documents of most vendors;
    # `oauth.client_documents` does it instead.
    "CIMD_ENABLED": False,
    "OIDC_ISS_ENDPOINT": DEXTER_ISSUER,
    # A desktop assistant's redirect is loopback http (RFC 8252 §7.3) or a private scheme (§7.1); `oauth.redirects`
    # decides which http redirects are loopback.
    "ALLOWED_REDIRECT_URI_SCHEMES": ["https", "http", *env.private_redirect_schemes],
    "ACCESS_TOKEN_ADMIN_CLASS": "oauth.admin.AccessTokenAdmin",
    "REFRESH_TOKEN_ADMIN_CLASS": "oauth.admin.RefreshTokenAdmin",
    "APPLICATION_ADMIN_CLASS": "oauth.admin.ClientAdmin",
    "GRANT_ADMIN_CLASS": "oauth.admin.GrantAdmin",
    "ID_TOKEN_ADMIN_CLASS": "oauth.admin.IDTokenAdmin",
    "COMPLIANT_BCP_RFC9700_IMPLICIT_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PASSWORD_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PKCE_METHOD": True,
    "COMPLIANT_BCP_RFC9700_ACCESS_TOKEN_TRANSPORT": True,
    "COMPLIANT_BCP_RFC9700_AUTHZ_RESPONSE_ISS": True,
    "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": True,
    "COMPLIANT_BCP_RFC9700_REFRESH_TOKEN": True,
    "COMPLIANT_BCP_RFC9700_REDIRECT_URI_MATCHING": True,
    "COMPLIANT_BCP_RFC9700_PKCE_REQUIRED": True,
}
