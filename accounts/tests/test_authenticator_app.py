"""The second step of signing in, with an authenticator app: nobody gets past it (RFC 6238 §5.2)."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.audit import AccountAction
from accounts.models import AuditEntry
from accounts.tests.builders import make_user
from accounts.tests.mails import code_in
from accounts.tests.second_factors import SECRET, code_of, make_app
from accounts.tests.signing_in import LOGIN, SECOND_STEP, is_signed_in

pytestmark = pytest.mark.django_db


def test_the_password_alone_does_not_sign_in_any_more(client: Client) -> None:
    make_app(make_user())

    response = client.post("/account/login/", LOGIN)

    assert response["Location"] == SECOND_STEP
    assert not is_signed_in(client)
    assert client.get("/account/")["Location"].startswith("/account/login/")
    client.post(SECOND_STEP, {"code": code_of()})
    assert is_signed_in(client)


def test_an_emailed_code_does_not_get_past_the_second_step(
    client: Client, mailoutbox: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    make_app(make_user())
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/account/login/code/", {"email": "ada@example.com"})

    response = client.post("/account/login/code/confirm/", {"code": code_in(mailoutbox[0])})

    assert response["Location"] == SECOND_STEP
    assert not is_signed_in(client)


def test_a_reset_password_does_not_get_past_the_second_step(
    client: Client, mailoutbox: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    make_app(make_user())
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/account/password/reset/", {"email": "ada@example.com"})
    client.post("/account/password/reset/confirm/", {"code": code_in(mailoutbox[0])})

    client.post("/account/password/reset/complete/", {"password1": "a-brand-new-password"})

    assert not is_signed_in(client)


def test_a_code_works_once_and_guesses_are_limited(client: Client) -> None:
    make_app(make_user())
    code, other = code_of(), Client()
    client.post("/account/login/", LOGIN)
    client.post(SECOND_STEP, {"code": code})
    other.post("/account/login/", LOGIN)

    replayed = other.post(SECOND_STEP, {"code": code})
    for _ in range(10):
        answer = other.post(SECOND_STEP, {"code": "000000"})

    assert replayed.status_code == 200 and not is_signed_in(other)
    assert "Too many wrong codes were typed" in answer.content.decode()
    refused = AuditEntry.objects.filter(action=AccountAction.FACTOR_REFUSED)
    assert refused.exists() and all(entry.detail == {"type": "totp"} for entry in refused)


def test_a_secret_under_another_key_matches_nothing(client: Client, settings: Any) -> None:
    make_app(make_user())
    client.post("/account/login/", LOGIN)
    settings.SECRET_KEY = "another key of at least fifty random characters, or so"
    client.post("/account/login/", LOGIN)

    client.post(SECOND_STEP, {"code": code_of(SECRET)})

    assert not is_signed_in(client)
