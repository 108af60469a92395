"""A digest of what the wiring in `dexter` overrides of Django; see the module of this name in each app for the rest."""

from __future__ import annotations

from django.middleware.locale import LocaleMiddleware

from accounts.tests.upstream import digest_of


def test_the_language_middleware_overrides_what_we_read() -> None:
    assert digest_of(LocaleMiddleware.process_response) == "fb2abee032d2e473"
