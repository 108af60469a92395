"""The authorization server's URLs. No trailing slashes, no redirects (design §5)."""

from django.urls import path, re_path

from oauth.views.authorize import AuthorizeView
from oauth.views.client_configuration import client_configuration
from oauth.views.introspect import introspect
from oauth.views.legacy import LegacyAuthorizeView, legacy_token
from oauth.views.logo import logo
from oauth.views.metadata import authorization_server, jwks, openid_configuration, protected_resource
from oauth.views.register import register
from oauth.views.token import revoke, token
from oauth.views.userinfo import userinfo

app_name = "oauth"

urlpatterns = [
    path("mcp/authorize", AuthorizeView.as_view(), name="authorize"),
    path("mcp/token", token, name="token"),
    path("mcp/register", register, name="register"),
    path("mcp/register/<str:client_id>", client_configuration, name="client_configuration"),
    path("mcp/introspect", introspect, name="introspect"),
    path("mcp/revoke", revoke, name="revoke"),
    path("mcp/userinfo", userinfo, name="userinfo"),
    path("mcp/jwks.json", jwks, name="jwks"),
    path("logos/<str:digest>.png", logo, name="logo"),
]

# Old endpoint families: alive for clients that cached them, never advertised.
urlpatterns += [
    path("authorize", AuthorizeView.as_view()),
    path("token", token),
    path("register", register),
    path("mcp/dcr/register", register),
    path("api/connector/oauth/authorize", LegacyAuthorizeView.as_view()),
    path("api/connector/oauth/token", legacy_token),
    path("api/connector/oauth/userinfo", userinfo),
]

# The slash at the end is what some proxies add; it is answered, not redirected.
for _document, _view in (
    ("oauth-protected-resource", protected_resource),
    ("oauth-authorization-server", authorization_server),
    ("openid-configuration", openid_configuration),
):
    urlpatterns += [
        re_path(rf"^\.well-known/{_document}/?$", _view, name=_document),
        re_path(rf"^\.well-known/{_document}/mcp/?$", _view, name=f"{_document}-with-path"),
        re_path(rf"^mcp/\.well-known/{_document}/?$", _view, name=f"{_document}-below-path"),
    ]
