"""Moments, as pages show them: in the person's language, and exact for the script that knows their clock."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.utils import translation

from accounts.templatetags.moments import moment

AT = datetime(2026, 1, 2, 15, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("language", "shown"), [("en", "Jan. 2, 2026, 3:04 p.m. UTC"), ("de", "2. Januar 2026 15:04 UTC")]
)
def test_it_is_in_the_language_of_the_page_and_names_its_zone(language: str, shown: str) -> None:
    with translation.override(language):
        assert moment(AT) == f'<time datetime="2026-01-02T15:04:00+00:00">{shown}</time>'
