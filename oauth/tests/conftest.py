"""Fixtures of the authorization server's tests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client as Browser
from django.utils import timezone


@pytest.fixture
def browser() -> Browser:
    """A browser, or any other program that speaks HTTP. (`client` is an OAuth client here.)"""
    return Browser()


@pytest.fixture
def pass_time(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Let time pass for everything that asks `django.utils.timezone.now`."""
    real_now, passed = timezone.now, timedelta()

    def now() -> datetime:
        return real_now() + passed

    def pass_time(duration: timedelta) -> None:
        nonlocal passed
        passed += duration

    monkeypatch.setattr(timezone, "now", now)
    return pass_time
