"""A digest of what the wiring in `dexter` overrides of Django; see the module of this name in each app for the rest."""

from __future__ import annotations

import hashlib
import inspect

from django.middleware.locale import LocaleMiddleware


def test_the_language_middleware_overrides_what_we_read() -> None:
    source = inspect.getsource(LocaleMiddleware.process_response)
    assert hashlib.sha256(source.encode()).hexdigest()[:16] == "fb2abee032d2e473"
