"""In which languages the site speaks, and the time that it keeps."""

from __future__ import annotations

from dexter.env import BASE_DIR
from dexter.settings.site import on_https

LANGUAGE_CODE = "en"
USE_I18N = True
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
# `__Host-` would bind it to https; nothing depends on who set it.
LANGUAGE_COOKIE_NAME = "dexter_language"
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SECURE = on_https
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_TZ = True
TIME_ZONE = "UTC"
