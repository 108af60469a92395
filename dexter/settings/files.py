"""Static files."""

from __future__ import annotations

from dexter.env import BASE_DIR
from dexter.settings.site import env

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
