"""Redis that is away is 503 with Retry-After where it is needed, as the database is (design §10)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client as Browser
from django.test import override_settings
from kombu.exceptions import OperationalError as QueueError

from accounts.models import AuditEntry, User
from accounts.tests.builders import PASSWORD, make_user

pytestmark = pytest.mark.django_db(transaction=True)
NOBODY_LISTENS = "redis://127.0.0.1:1/0"
FORMS = {
    "/account/login/": {"login": "ada@example.com", "password": PASSWORD},
    "/account/signup/": {"email": "grace@example.com", "password1": PASSWORD},
    "/account/login/code/": {"email": "ada@example.com"},
    "/account/password/reset/": {"email": "ada@example.com"},
}


@pytest.fixture
def _redis_away() -> Iterator[None]:
    redis = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": NOBODY_LISTENS}
    with override_settings(CACHES={"default": redis}):
        yield
    cache.close()


@pytest.mark.usefixtures("_redis_away")
@pytest.mark.parametrize("path", FORMS)
def test_nobody_goes_on_without_limits(path: str) -> None:
    make_user()
    browser = Browser(raise_request_exception=False)

    response = browser.post(path, FORMS[path])

    assert response.status_code == 503
    assert int(response["Retry-After"]) > 0
    assert b"Back in a moment" in response.content
    assert "_auth_user_id" not in browser.session
    assert User.objects.count() == 1
    assert not AuditEntry.objects.exists()


@pytest.mark.usefixtures("_redis_away")
def test_pages_that_count_nothing_are_shown() -> None:
    assert Browser().get("/account/login/").status_code == 200


def test_a_queue_that_takes_no_mail_is_an_outage_too(monkeypatch: pytest.MonkeyPatch) -> None:
    make_user()

    def refuse(*args: Any, **kwargs: Any) -> None:
        raise QueueError("Error 111 connecting to redis:6379. Connection refused.")

    monkeypatch.setattr("accounts.tasks.send_mail.apply_async", refuse)

    response = Browser(raise_request_exception=False).post("/account/login/code/", {"email": "ada@example.com"})

    assert response.status_code == 503
    assert b"redis" not in response.content
