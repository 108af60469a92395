"""Website sessions at rest: nothing in a copy of the database can be read without the secret key."""

from __future__ import annotations

import base64
import zlib
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core import signing
from django.test import Client

from accounts.browsers import live_browsers
from accounts.encryption import encryption_for
from accounts.sessions import SessionStore
from accounts.tests.builders import PASSWORD, make_user

pytestmark = pytest.mark.django_db

OTHER_KEY = "another-secret-key-that-is-long-enough-to-be-one-of-a-site"


def sign_in(client: Client) -> None:
    make_user()
    client.post("/account/login/", {"login": "ada@example.com", "password": PASSWORD})


def without_a_key(session_data: str) -> str:
    """What anybody reads in a session that Django's own store wrote: base64, and compressed if a dot comes first."""
    payload = session_data.partition(":")[0]
    decoded = base64.urlsafe_b64decode(payload.strip(".") + "==")
    return (zlib.decompress(decoded) if payload.startswith(".") else decoded).decode(errors="replace")


def is_signed_in(client: Client) -> bool:
    return client.get("/account/profile/").status_code == 200


def test_a_session_cannot_be_read_where_it_is_kept(client: Client) -> None:
    """The secret of an app that is being added, which allauth keeps there."""
    sign_in(client)

    secret = client.get("/account/security/app/add/").context["form"].secret

    assert secret in str(dict(client.session))
    kept = Session.objects.get().session_data
    assert secret not in kept + without_a_key(kept)


def test_a_session_is_read_again(client: Client) -> None:
    sign_in(client)
    session = client.session
    session["words"] = {"ä": [1, None, "✓"]}
    session.save()

    assert SessionStore(session.session_key)["words"] == {"ä": [1, None, "✓"]}
    assert is_signed_in(client)


@pytest.mark.parametrize("kept", ["", "x", "ä", "gAAAAAB" + "A" * 100, None])
def test_what_cannot_be_decrypted_is_an_empty_session(client: Client, kept: str | None) -> None:
    """Among it what Django's own store wrote: nobody is signed in by it, and no page is an error."""
    sign_in(client)
    kept = signing.dumps(dict(client.session)) if kept is None else kept
    Session.objects.update(session_data=kept)

    assert SessionStore().decode(kept) == {}
    assert not is_signed_in(client)
    assert client.get("/account/login/").status_code == 200


def test_what_was_encrypted_for_another_purpose_is_no_session() -> None:
    sealed = encryption_for("accounts.second_factor").encrypt(b'{"a": 1}').decode()

    assert SessionStore().decode(sealed) == {}


def test_another_secret_key_ends_sessions_unless_the_old_one_is_a_fallback(client: Client, settings: Any) -> None:
    sign_in(client)
    old_key, settings.SECRET_KEY = settings.SECRET_KEY, OTHER_KEY
    assert not is_signed_in(client)
    settings.SECRET_KEY_FALLBACKS = [old_key]

    assert is_signed_in(client)


def test_browsers_are_still_told_apart_by_their_sessions(client: Client) -> None:
    sign_in(client)
    client.get("/account/")
    account = make_user("bob@example.com")
    Client().force_login(account)

    [browser] = live_browsers(client.get("/account/profile/").wsgi_request.user)  # type: ignore[arg-type]

    assert browser.session_id == client.session.session_key
