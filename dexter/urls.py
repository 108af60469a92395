"""Every URL of the site. No protocol endpoint has a trailing slash, and none redirects to one."""

from django.contrib import admin
from django.urls import include, path

from dexter.mail_previews import mail_html, mails
from dexter.styleguide import in_debug, styleguide

urlpatterns = [
    path("", include("oauth.urls")),
    path("", include("linking.urls")),
    path("", include("linking.api.urls")),
    path("", include("mcp_bridge.urls")),
    path("", include("accounts.urls")),
    path("admin/", admin.site.urls),
    path("styleguide/", in_debug(styleguide), name="styleguide"),
    path("styleguide/mail/", in_debug(mails), name="styleguide_mail"),
    path("styleguide/mail/<slug:name>.html", in_debug(mail_html), name="styleguide_mail_html"),
]
