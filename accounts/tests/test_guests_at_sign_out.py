"""Whoever signs out hands the browser over: the next person there is not the guest of the one before (design §2)."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from accounts import guests
from accounts.models import User
from accounts.tests.builders import make_guest, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def guest(client: Client) -> User:
    """The guest that the browser was."""
    guest, response = make_guest(), HttpResponse()
    guests.remember_guest(response, guest)
    client.cookies.update(response.cookies)
    return guest


def guest_of(client: Client) -> User | None:
    """Who the browser would be if it continued without an account."""
    return guests.read_guest(client.get("/link").wsgi_request)


def test_signing_out_forgets_the_guest(client: Client, guest: User) -> None:
    client.force_login(make_user())
    assert guest_of(client) == guest

    client.post("/account/logout/")

    assert guest_of(client) is None


def test_over_https_too(client: Client, settings: Any) -> None:
    settings.SESSION_COOKIE_SECURE = True
    client.force_login(make_user())

    cookie = client.post("/account/logout/").cookies["__Host-dexter_guest"]

    assert (cookie.value, cookie["max-age"], cookie["path"], cookie["secure"]) == ("", 0, "/", True)


def test_who_never_signed_in_stays_the_same_guest(client: Client, guest: User) -> None:
    """The form that asks for another email, before somebody is signed in, is the same."""
    client.post("/account/login/code/", {"email": "ada@example.com"})

    client.post("/account/logout/", {"next": "/account/login/"})

    assert guest_of(client) == guest


def test_looking_at_the_page_forgets_nobody(client: Client, guest: User) -> None:
    client.force_login(make_user())

    client.get("/account/logout/")

    assert guest_of(client) == guest
