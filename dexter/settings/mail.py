"""How mail leaves."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from dexter.settings.site import env

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
