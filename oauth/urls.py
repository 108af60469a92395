"""The authorization server's URLs. No trailing slashes, no redirects (design §5)."""

from django.urls import path

from oauth.views.authorize import AuthorizeView
from oauth.views.metadata import authorization_server, jwks, openid_configuration, protected_resource
from oauth.views.register import register
from oauth.views.token import revoke, token
from oauth.views.userinfo import userinfo

app_name = "oauth"

urlpatterns = [
    path("mcp/authorize", AuthorizeView.as_view(), name="authorize"),
    path("mcp/token", token, name="token"),
    path("mcp/register", register, name="register"),
    path("mcp/revoke", revoke, name="revoke"),
    path("mcp/userinfo", userinfo, name="userinfo"),
    path("mcp/jwks.json", jwks, name="jwks"),
]

for _document, _view in (
    ("oauth-protected-resource", protected_resource),
    ("oauth-authorization-server", authorization_server),
    ("openid-configuration", openid_configuration),
):
    urlpatterns += [
        path(f".well-known/{_document}", _view, name=_document),
        path(f".well-known/{_document}/mcp", _view, name=f"{_document}-with-path"),
        path(f"mcp/.well-known/{_document}", _view, name=f"{_document}-below-path"),
    ]
