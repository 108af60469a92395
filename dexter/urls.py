"""Every URL of the site. No protocol endpoint has a trailing slash, and none redirects to one."""

from django.contrib import admin
from django.urls import include, path

from dexter.styleguide import styleguide

urlpatterns = [
    path("", include("oauth.urls")),
    path("", include("linking.urls")),
    path("", include("linking.api.urls")),
    path("", include("mcp_bridge.urls")),
    path("", include("accounts.urls")),
    path("admin/", admin.site.urls),
    path("styleguide/", styleguide, name="styleguide"),
]
