"""Fixtures of the authorization server's tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from django.test import Client as Browser
from django.utils import timezone

from oauth.tests.stand_ins import StandIns, trusted_authority


@pytest.fixture
def browser() -> Browser:
    """A browser, or any other program that speaks HTTP. (`client` is an OAuth client here.)"""
    return Browser()


@pytest.fixture
def stand_ins(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIns]:
    """The internet, as far as documents are fetched from it: nothing at first."""
    stand_ins = StandIns()
    stand_ins.install(monkeypatch.setattr, authority=trusted_authority().pem)
    yield stand_ins
    stand_ins.close()


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
