"""Django's settings, all of them derived from `dexter.env.Env`."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import unquote, urlsplit

import dj_database_url
import django_stubs_ext
from csp.constants import NONE, SELF
from django.utils.translation import gettext_noop as _

from dexter import __version__
from dexter.env import BASE_DIR, load_env
from dexter.logs import logging_settings

# Lets annotations such as ModelAdmin[Client] be evaluated at run time.
django_stubs_ext.monkeypatch()

env = load_env()

# --- Dexter's own -----------------------------------------------------------------------------------------------------

DEXTER_PUBLIC_URL = env.public_url
DEXTER_ISSUER = env.issuer_url
# The canonical resource of RFC 8707: the MCP endpoint, without a trailing slash.
DEXTER_RESOURCE = f"{env.public_url}/mcp"
DEXTER_SITE_NAME = env.site_name
DEXTER_VERSION = __version__
DEXTER_TOOL_CALL_DAYS = env.tool_call_days
DEXTER_GUESTS_ENABLED = env.guests_enabled
DEXTER_PRIVATE_REDIRECT_SCHEMES = env.private_redirect_schemes
DEXTER_BLOCKED_CLIENT_HOSTS = env.blocked_client_hosts
DEXTER_TRUSTED_PROXIES = env.trusted_proxies
DEXTER_CONNECTOR_CLIENT_ID = env.connector_client_id
DEXTER_CONNECTOR_REDIRECT_URIS = env.connector_redirect_uris

# --- Django -----------------------------------------------------------------------------------------------------------

DEBUG = env.debug
SECRET_KEY = env.secret_key
ALLOWED_HOSTS = env.hosts
ROOT_URLCONF = "dexter.urls"
ASGI_APPLICATION = "dexter.asgi.application"
# No URL of ours redirects to a slash: an OAuth client would lose its POST (connectors, rule "no redirect").
APPEND_SLASH = False

INSTALLED_APPS = [
    "accounts",
    "oauth",
    "linking",
    "mcp_bridge",
    "oauth2_provider",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "rest_framework",
    "drf_spectacular",
    "csp",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "linking.api.middleware.ProblemMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "dexter.staticfiles.StaticFilesMiddleware",
    "csp.middleware.CSPMiddleware",
    "dexter.outages.OutageMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "accounts.caching.PersonalPagesMiddleware",
    "dexter.languages.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.middleware.BrowserMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "accounts.context_processors.site",
            ],
        },
    },
]

# --- Database, cache, background work ---------------------------------------------------------------------------------


def _database() -> dict[str, Any]:
    config: dict[str, Any] = dict(dj_database_url.parse(env.database_url))
    if config["ENGINE"] == "django.db.backends.sqlite3":
        # IMMEDIATE takes the write lock at BEGIN, so that two writers wait for each other instead of failing halfway.
        config["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-16384;",
        }
        config["CONN_MAX_AGE"] = None
        return config
    # Under ASGI every request has a thread of its own: connections live in a pool, not in threads.
    config["CONN_MAX_AGE"] = 0
    # After a restart of PostgreSQL each pooled connection is dead; to look before each use costs a round trip.
    config["CONN_HEALTH_CHECKS"] = True
    config["OPTIONS"] = {**config.get("OPTIONS", {}), "pool": {"min_size": 2, "max_size": 16, "timeout": 5}}
    return config


DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": env.redis_url}
    if env.redis_url
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
}

CELERY_BROKER_URL = env.redis_url or "memory://"
CELERY_TASK_ALWAYS_EAGER = not env.redis_url
CELERY_TASK_EAGER_PROPAGATES = False
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"

# --- People -----------------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    # For generated 256-bit client secrets only; never the preferred hasher of a person's password.
    "oauth.hashers.GeneratedSecretHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 8}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/account/"
LOGOUT_REDIRECT_URL = "/"

ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = env.email_verification or ("none" if env.debug else "mandatory")
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = ACCOUNT_EMAIL_VERIFICATION == "mandatory"
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
# Mail through a queue and a greylisting server takes longer than allauth's three minutes.
ACCOUNT_PASSWORD_RESET_BY_CODE_TIMEOUT = ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 10 * 60
# Whoever reset the password with a code from their mailbox has shown who they are.
ACCOUNT_LOGIN_ON_PASSWORD_RESET = True
# Digits only: nobody takes a code from an e-mail for a linking code.
ALLAUTH_USER_CODE_FORMAT = {"numeric": True, "length": 8}
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGOUT_ON_GET = False
# Design §7: a link is confirmed only by a sign-in no older than 15 minutes.
ACCOUNT_REAUTHENTICATION_TIMEOUT = 15 * 60
ACCOUNT_SESSION_REMEMBER = True
# A changed password, address or second factor is told to the address.
ACCOUNT_EMAIL_NOTIFICATIONS = True
# Codes to a new address: of one account, and to one address, which may be a stranger's.
ACCOUNT_RATE_LIMITS = {"manage_email": "5/h/user,3/h/key"}
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_FORMS = {
    "login": "accounts.forms.LoginForm",
    "signup": "accounts.forms.SignupForm",
    "request_login_code": "accounts.forms.RequestLoginCodeForm",
    "confirm_login_code": "accounts.forms.ConfirmLoginCodeForm",
    "confirm_email_verification_code": "accounts.forms.ConfirmEmailVerificationCodeForm",
    "reset_password": "accounts.forms.ResetPasswordForm",
    "confirm_password_reset_code": "accounts.forms.ConfirmPasswordResetCodeForm",
    "reset_password_from_key": "accounts.forms.ResetPasswordKeyForm",
    "set_password": "accounts.forms.SetPasswordForm",
    "change_password": "accounts.forms.ChangePasswordForm",
    "reauthenticate": "accounts.forms.ReauthenticateForm",
}
# A passkey signs in on its own. Whoever has one, or an app, is asked for it after a password or an e-mailed code too.
MFA_ADAPTER = "accounts.second_factor.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["webauthn", "totp", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = env.site_name
# A wider window would outlast allauth's memory of used codes, which is one period long: a code would work twice.
MFA_TOTP_TOLERANCE = 0
MFA_FORMS = {
    "authenticate": "accounts.second_factor_forms.AuthenticateForm",
    "authenticate_webauthn": "accounts.second_factor_forms.AuthenticatePasskeyForm",
    "reauthenticate": "accounts.second_factor_forms.ReauthenticateForm",
    "reauthenticate_webauthn": "accounts.second_factor_forms.ReauthenticatePasskeyForm",
    "login_webauthn": "accounts.second_factor_forms.LoginPasskeyForm",
    "add_webauthn": "accounts.second_factor_forms.AddPasskeyForm",
    "edit_webauthn": "accounts.second_factor_forms.EditPasskeyForm",
    "activate_totp": "accounts.second_factor_forms.ActivateTOTPForm",
}
ACCOUNT_DEFAULT_HTTP_PROTOCOL = urlsplit(env.public_url).scheme

# --- OAuth ------------------------------------------------------------------------------------------------------------

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
    "identity.read": _("Know who you are here and whether your account is linked"),
    "link.write": _("Make a code to link your account, and unlink it"),
    "openid": _("Confirm that it is you"),
    "profile": _("See your name"),
    "email": _("See your e-mail address"),
    "offline_access": _("Stay connected when you are away, until you end it"),
}
DEXTER_DEFAULT_SCOPES = ["identity.read", "link.write", "offline_access"]
# What a tool may need: the `scope` of a 401 challenge and of the protected-resource document.
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

# --- REST API ---------------------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["oauth.authentication.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "linking.api.problems.answer_with_problem",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": f"{DEXTER_SITE_NAME} API",
    "DESCRIPTION": "Link assistants to accounts from another front end. Every error is a problem (RFC 9457).",
    "VERSION": DEXTER_VERSION,
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api",
}

# --- Security ---------------------------------------------------------------------------------------------------------

_https = urlsplit(env.public_url).scheme == "https"
SESSION_ENGINE = "accounts.sessions"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _https
SESSION_COOKIE_NAME = "__Host-dexter_session" if _https else "dexter_session"
CSRF_COOKIE_NAME = "__Host-dexter_csrf" if _https else "dexter_csrf"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_TRUSTED_ORIGINS = [env.public_url]
CSRF_FAILURE_VIEW = "accounts.views.entrance.csrf_failure"
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if _https else 0
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

# --- Words, files, mail, logs -----------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
USE_I18N = True
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
# `__Host-` would bind it to https; nothing depends on who set it.
LANGUAGE_COOKIE_NAME = "dexter_language"
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SECURE = _https
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "var" / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
# In debug files come from where they are edited, without collectstatic.
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = env.debug
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if env.debug
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

_email = urlsplit(env.email_url)
EMAIL_BACKEND = f"django.core.mail.backends.{'console' if _email.scheme == 'console' else 'smtp'}.EmailBackend"
EMAIL_HOST = _email.hostname or "localhost"
EMAIL_PORT = _email.port or (465 if _email.scheme == "smtps" else 587)
EMAIL_HOST_USER = unquote(_email.username or "")
EMAIL_HOST_PASSWORD = unquote(_email.password or "")
EMAIL_USE_SSL = _email.scheme == "smtps"
EMAIL_USE_TLS = _email.scheme == "smtp" and bool(_email.username)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.email_from

LOGGING = logging_settings(debug=env.debug, level=env.log_level)
