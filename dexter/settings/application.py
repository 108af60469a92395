"""The application: its parts, in their order, and where it begins. Its log as well."""

from __future__ import annotations

from typing import Any

import django_stubs_ext

from dexter.env import BASE_DIR
from dexter.logs import logging_settings
from dexter.settings.site import env

# Lets annotations such as ModelAdmin[Client] be evaluated at run time.
django_stubs_ext.monkeypatch()

DEBUG = env.debug
SECRET_KEY = env.secret_key
SECRET_KEY_FALLBACKS = list(env.secret_key_fallbacks)
ALLOWED_HOSTS = env.hosts
ROOT_URLCONF = "dexter.urls"
ASGI_APPLICATION = "dexter.asgi.application"
# No URL of ours redirects to a slash: an OAuth client would lose its POST (connectors §1, everyone).
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
    "dexter.unstorable.UnstorableTextMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "accounts.caching.PersonalPagesMiddleware",
    "dexter.languages.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.middleware.BrowserMiddleware",
    "accounts.middleware.MailOutageMiddleware",
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

LOGGING = logging_settings(debug=env.debug, level=env.log_level)
