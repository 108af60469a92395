"""The site's settings for looking at its pages: static files as they are deployed, and addresses of error pages."""

from __future__ import annotations

import os
from pathlib import Path

from dexter.settings import *  # noqa: F403
from dexter.settings import PASSWORD_HASHERS as SITE_PASSWORD_HASHERS

ROOT_URLCONF = "tests.pages.urls"
if "PAGES_STATIC_ROOT" in os.environ:
    STATIC_ROOT = Path(os.environ["PAGES_STATIC_ROOT"])

# More than a hundred people sign in before the first page is looked at.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *SITE_PASSWORD_HASHERS]
