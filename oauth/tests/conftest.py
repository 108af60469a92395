"""Fixtures of the authorization server's tests."""

from __future__ import annotations

import pytest
from django.test import Client as Browser


@pytest.fixture
def browser() -> Browser:
    """A browser, or any other program that speaks HTTP. (`client` is an OAuth client here.)"""
    return Browser()
