"""The website's session cookie: what cannot be a key is ignored, and what expired or was made up is nobody's."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from accounts.tests.builders import make_user

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "value", ['"aaaaaaaaaaaa\\000aaaaaaaa"', "", "short", "a" * 10_000, '"\\303\\244aaaaaaaaaaaa"', "../.."]
)
def test_what_cannot_be_a_key_is_ignored(client: Client, value: str) -> None:
    response = client.get("/account/login/", headers={"Cookie": f"dexter_session={value}"})

    assert response.status_code == 200


@pytest.mark.parametrize("key", ["aaaaaaaa\x00aaaa", "AAAAAAAAAAAA", "ä" * 12, "a" * 41, "a" * 7])
def test_a_key_that_is_never_made_is_never_looked_for(key: str) -> None:
    store = import_module(settings.SESSION_ENGINE).SessionStore

    assert store(key).session_key is None


def test_a_made_up_key_is_not_taken_over(client: Client) -> None:
    """Session fixation: a key that the site did not make never becomes a session."""
    make_user()
    client.cookies["dexter_session"] = "a" * 32

    client.post("/account/login/", {"login": "ada@example.com", "password": "correct-horse-battery"})

    assert client.cookies["dexter_session"].value != "a" * 32
    assert not Session.objects.filter(session_key="a" * 32).exists()


def test_an_expired_session_is_signed_out(client: Client) -> None:
    client.force_login(make_user())
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))

    assert client.get("/account/password/change/").status_code == 302


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(client: Client) -> None:
    make_user()

    client.post("/account/login/", {"login": "ada@example.com", "password": "correct-horse-battery"})

    for name in ("dexter_session", "dexter_csrf"):
        assert client.cookies[name]["httponly"]
        assert client.cookies[name]["samesite"] == "Lax"
        assert client.cookies[name]["domain"] == ""
