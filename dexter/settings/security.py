"""What a browser is told and held to: cookies, headers, the content security policy; and what Django refuses."""

from __future__ import annotations

from csp.constants import NONE, SELF

from dexter.settings.site import env, on_https

SESSION_ENGINE = "accounts.sessions"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = on_https
SESSION_COOKIE_NAME = "__Host-dexter_session" if on_https else "dexter_session"
CSRF_COOKIE_NAME = "__Host-dexter_csrf" if on_https else "dexter_csrf"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_TRUSTED_ORIGINS = [env.public_url]
CSRF_FAILURE_VIEW = "accounts.views.entrance.csrf_failure"
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if on_https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = False
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin-allow-popups"
X_FRAME_OPTIONS = "DENY"
if env.trusted_proxies:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# Every document is built from DEXTER_PUBLIC_URL; a forwarded host never decides anything.
USE_X_FORWARDED_HOST = False
# Nothing that people or connectors post to a Django view is larger than 64 KiB; /mcp has a limit of its own.
DATA_UPLOAD_MAX_MEMORY_SIZE = 64 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 100
SILENCED_SYSTEM_CHECKS = [
    # A redirect from http to https loses an OAuth client's POST and its token: the proxy in front refuses http instead.
    "security.W008",
    # HSTS for subdomains and preloading bind hosts that are not ours to bind.
    "security.W005",
    "security.W021",
    # Loopback redirects of desktop assistants are http by RFC 8252 §7.3; `oauth.redirects` refuses any other http.
    "oauth2_provider.W008",
]

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        # No form-action: Chromium applies it to the redirect after the consent form, which ends at the assistant.
    },
}
