"""Fixtures of the authorization server's tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from django.test import Client as Browser
from django.utils import timezone

from oauth import fetching
from oauth.models import Client, RefreshToken
from oauth.tests.assertions import KEY, key_set
from oauth.tests.builders import make_refresh_token
from oauth.tests.documents import DOCUMENT, PATH
from oauth.tests.stand_ins import Host, StandIns, json_answer, trusted_authority


@pytest.fixture
def browser() -> Browser:
    """A browser, or any other program that speaks HTTP. (`client` is an OAuth client here.)"""
    return Browser()


@pytest.fixture
def first() -> str:
    """The first refresh token of a session."""
    return make_refresh_token()[1]


@pytest.fixture
def client(first: str) -> Client:
    """The client that `first` was issued to."""
    return RefreshToken.objects.get().application


@pytest.fixture
def stand_ins(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIns]:
    """The internet, as far as documents are fetched from it: nothing at first."""
    stand_ins = StandIns()
    stand_ins.install(monkeypatch.setattr, authority=trusted_authority().pem)
    yield stand_ins
    stand_ins.close()


@pytest.fixture
def host(stand_ins: StandIns) -> Host:
    """The host of a client, which serves its document and its keys."""
    host = stand_ins.serve("app.example.com")
    host.answers |= {PATH: json_answer(DOCUMENT), "/jwks.json": json_answer(key_set(KEY))}
    return host


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fetch takes half a second at most, instead of five."""
    monkeypatch.setattr(fetching, "FETCH_SECONDS", 0.5)


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
