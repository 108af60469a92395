"""Adding and removing second factors: nobody does it in another's account, and its owner is told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.test import Client
from django.utils import timezone

from accounts.tests.builders import PASSWORD, make_user
from accounts.tests.second_factors import Passkey, add_passkey, code_of, make_app
from accounts.tests.signing_in import LOGIN, SECOND_STEP

pytestmark = pytest.mark.django_db
PAGES_FOR_RECENT_SIGN_INS = [
    "/account/security/passkeys/add/",
    "/account/security/app/add/",
    "/account/security/recovery-codes/",
    "/account/security/recovery-codes/new/",
    "/account/security/recovery-codes/file/",
]


def test_each_change_is_told_by_mail_without_secrets(
    client: Client, mailoutbox: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    make_user()
    client.post("/account/login/", LOGIN)
    with django_capture_on_commit_callbacks(execute=True):
        secret = client.get("/account/security/app/add/").context["form"].secret
        client.post("/account/security/app/add/", {"code": code_of(secret)})
    with django_capture_on_commit_callbacks(execute=True):
        add_passkey(client, Passkey())
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/account/security/recovery-codes/new/")
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/account/security/app/remove/")
    with django_capture_on_commit_callbacks(execute=True):
        client.post(f"/account/security/passkeys/{Authenticator.objects.get(type='webauthn').pk}/remove/")

    assert [message.subject for message in mailoutbox] == [
        "An authenticator app was added to your Dexter account",
        "A passkey was added to your Dexter account",
        "New recovery codes were made for your Dexter account",
        "The authenticator app was removed from your Dexter account",
        "A passkey was removed from your Dexter account",
    ]
    assert all("If that was not you" in message.body and secret not in message.body for message in mailoutbox)
    assert not Authenticator.objects.exists()


@pytest.mark.parametrize("path", PAGES_FOR_RECENT_SIGN_INS)
@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("has_password", [True, False])
def test_a_thief_at_an_unlocked_browser_is_asked_again(
    client: Client, path: str, method: str, has_password: bool
) -> None:
    """Without a password too: allauth lets everybody pass who has none."""
    user = make_user(password=PASSWORD if has_password else None, date_joined=timezone.now() - timedelta(days=1))
    client.force_login(user)

    response = getattr(client, method)(path, {"code": "1", "name": "x", "credential": "{}"})

    assert response["Location"].startswith("/account/reauthenticate/")
    assert not Authenticator.objects.exists()


def test_the_password_does_not_stand_in_for_the_second_factor(client: Client) -> None:
    """A browser fills it in for a thief."""
    user = make_user(date_joined=timezone.now() - timedelta(days=1))
    make_app(user)
    client.force_login(user)

    asked = client.get("/account/security/app/remove/")["Location"]
    by_password = client.post("/account/reauthenticate/", {"password": PASSWORD})
    client.post("/account/security/app/remove/")

    assert asked.startswith("/account/reauthenticate/code/?next=")
    assert by_password["Location"].startswith("/account/reauthenticate/code/")
    assert Authenticator.objects.count() == 1
    client.post(asked, {"code": code_of()})
    client.post("/account/security/app/remove/")
    assert not Authenticator.objects.exists()


def test_nothing_is_added_before_the_address_is_proven(client: Client) -> None:
    """Whoever signs up with another person's address must not lock them out of it for good."""
    user = make_user()
    EmailAddress.objects.filter(user=user).update(verified=False)
    client.post("/account/login/", LOGIN)

    for path in ("/account/security/app/add/", "/account/security/passkeys/add/"):
        assert client.get(path)["Location"] == "/account/security/"
    assert "Confirm your email" in client.get("/account/security/").content.decode()


def test_the_pages_show_no_secret_to_caches(client: Client) -> None:
    user = make_user()
    make_app(user)
    client.post("/account/login/", LOGIN)
    client.post(SECOND_STEP, {"code": code_of()})
    client.post("/account/security/recovery-codes/new/")

    for path in PAGES_FOR_RECENT_SIGN_INS:
        assert "no-store" in client.get(path, follow=True).headers["Cache-Control"], path
