"""Assistants of an account that somebody made with another person's address, once that person proves it."""

from __future__ import annotations

import pytest
from django.core import mail
from django.test import Client as Browser

from accounts.models import User
from accounts.tests.builders import PASSWORD, make_guest, make_user
from accounts.tests.mails import code_in
from linking.models import AccountLink
from linking.tests.builders import make_link
from oauth.tests.builders import make_session

# Mail is sent once the transaction is through.
pytestmark = pytest.mark.django_db(transaction=True)


def sign_in_by_code() -> None:
    """Prove the address in a browser of one's own."""
    browser = Browser()
    url = browser.post("/account/login/code/", {"email": "ada@example.com"})["Location"]
    browser.post(url, {"code": code_in(mail.outbox[-1])})
    assert "_auth_user_id" in browser.session


def test_nothing_that_was_connected_before_the_proof_acts_after_it() -> None:
    thief = Browser()
    thief.post("/account/signup/", {"email": "ada@example.com", "password1": PASSWORD})
    account = User.objects.get(email="ada@example.com")
    own, linked = make_session(account), make_session(make_guest())
    make_link(account, linked)

    sign_in_by_code()

    for session in (own, linked):
        session.refresh_from_db()
        assert session.ended_at is not None
    assert not AccountLink.objects.exists()


def test_what_is_connected_to_a_proven_address_stays() -> None:
    account = make_user()
    session, link = make_session(account), make_link(account, make_session(make_guest()))

    sign_in_by_code()

    session.refresh_from_db()
    assert session.ended_at is None
    assert AccountLink.objects.filter(pk=link.pk).exists()
