"""`/styleguide/`: there in debug, and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client as Browser

pytestmark = pytest.mark.django_db


def test_the_style_guide_is_there_in_debug_only(client: Browser, settings: Any) -> None:
    settings.DEBUG = False
    outside = client.get("/styleguide/")
    settings.DEBUG = True
    inside = client.get("/styleguide/")

    assert (outside.status_code, inside.status_code) == (404, 200)
    assert "notice-danger" in inside.content.decode()
