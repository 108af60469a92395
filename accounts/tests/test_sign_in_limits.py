"""How often a password may be guessed: by account, and by network."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEntry
from accounts.tests.builders import PASSWORD, make_user
from accounts.tests.signing_in import sign_in

pytestmark = pytest.mark.django_db


def test_ten_guesses_from_one_address_are_enough(client: Client) -> None:
    for number in range(10):
        sign_in(client, f"ada{number}@example.com", "not-the-password")

    response = sign_in(client, "ada99@example.com", "not-the-password")

    assert response.context["form"].non_field_errors() == [
        "Too many attempts. Wait a few minutes, or sign in another way."
    ]


def test_five_guesses_at_one_account_lock_it_from_everywhere_and_on_every_host(client: Client) -> None:
    make_user()
    for number in range(5):
        client.post(
            "/account/login/",
            {"login": "ada@example.com", "password": "not-the-password"},
            REMOTE_ADDR=f"192.0.2.{number}",
            HTTP_HOST=f"localhost:{8000 + number}",
        )

    response = client.post(
        "/account/login/",
        {"login": "Ada@example.com", "password": PASSWORD},
        REMOTE_ADDR="198.51.100.1",
        HTTP_HOST="localhost:9000",
    )

    assert response.context["form"].non_field_errors() == [
        "Too many attempts. Wait a few minutes, or sign in another way."
    ]
    assert "_auth_user_id" not in client.session
    assert AuditEntry.objects.count() == 5


def test_guesses_are_counted_by_ipv6_network(client: Client) -> None:
    for number in range(10):
        client.post(
            "/account/login/",
            {"login": f"ada{number}@example.com", "password": "x"},
            REMOTE_ADDR=f"2001:db8::{number:x}",
        )

    response = client.post("/account/login/", {"login": "a@example.com", "password": "x"}, REMOTE_ADDR="2001:db8::ffff")

    assert "Too many attempts" in response.content.decode()


def test_behind_a_proxy_each_person_has_a_limit_of_their_own(client: Client, settings: Any) -> None:
    settings.DEXTER_TRUSTED_PROXIES = 1
    make_user()
    for number in range(10):
        client.post(
            "/account/login/",
            {"login": f"ada{number}@example.com", "password": "x"},
            REMOTE_ADDR="10.0.0.1",
            HTTP_X_FORWARDED_FOR=f"6.6.6.{number}, 192.0.2.1",
        )

    guesser: Any = {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "192.0.2.1"}
    refused = client.post("/account/login/", {"login": "a@example.com", "password": "x"}, **guesser)
    other: Any = {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "192.0.2.2"}
    let_in = client.post("/account/login/", {"login": "ada@example.com", "password": PASSWORD}, **other)

    assert "Too many attempts" in refused.content.decode()
    assert let_in.status_code == 302


def test_a_request_without_an_address_is_answered(client: Client) -> None:
    """A server on a unix socket knows none."""
    make_user()

    response = client.post("/account/login/", {"login": "ada@example.com", "password": PASSWORD}, REMOTE_ADDR="")

    assert response.status_code == 302


def test_a_forged_forwarded_address_is_no_new_address(client: Client) -> None:
    for number in range(10):
        client.post(
            "/account/login/",
            {"login": f"ada{number}@example.com", "password": "x"},
            HTTP_X_FORWARDED_FOR=f"192.0.2.{number}",
        )

    assert "Too many attempts" in sign_in(client, "a@example.com", "x").content.decode()
