"""An account that somebody made with another person's address, where no address needs proof to sign in (design §10)."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail
from django.test import Client

from accounts.audit import AccountAction
from accounts.emails import email_is_verified
from accounts.models import AuditEntry, BrowserSession, User
from accounts.tests.builders import PASSWORD, make_user
from accounts.tests.mails import code_in

pytestmark = pytest.mark.django_db(transaction=True)

STOLEN = "the-attackers-password"
REMOVED = {"action": AccountAction.PASSWORD_CHANGED, "reason": "unproven_removed"}


@pytest.fixture
def thief() -> Client:
    """Whoever signed up with Ada's address, and waits."""
    browser = Client()
    browser.post("/account/signup/", {"email": "ada@example.com", "password1": STOLEN})
    assert is_signed_in(browser)
    return browser


def is_signed_in(browser: Client) -> bool:
    return browser.get("/account/profile/").status_code == 200


def prove_by_code(browser: Client) -> Any:
    """Sign in with an e-mailed code."""
    url = browser.post("/account/login/code/", {"email": "ada@example.com"})["Location"]
    return browser.post(url, {"code": code_in(mail.outbox[-1])}, follow=True)


def prove_by_reset(browser: Client) -> None:
    """Type the code to choose another password, and not yet choose one."""
    url = browser.post("/account/password/reset/", {"email": "ada@example.com"})["Location"]
    browser.post(url, {"code": code_in(mail.outbox[-1])})


@pytest.mark.parametrize("prove", [prove_by_code, prove_by_reset])
def test_proving_the_address_leaves_the_thief_nothing(thief: Client, prove: Any) -> None:
    prove(Client())

    ada = User.objects.get()
    assert email_is_verified(ada)
    assert not ada.has_usable_password()
    assert not is_signed_in(thief)
    again = Client()
    again.post("/account/login/", {"login": "ada@example.com", "password": STOLEN})
    assert not is_signed_in(again)
    assert AuditEntry.objects.filter(account=ada, **REMOVED).count() == 1


def test_whoever_proves_it_by_code_is_signed_in_and_told(thief: Client) -> None:
    owner = Client()

    page = prove_by_code(owner)

    assert is_signed_in(owner)
    assert "The password from before you confirmed your email was removed" in page.content.decode()
    assert [row.session_id for row in BrowserSession.objects.all()] == [owner.session.session_key]


def test_whoever_proves_it_by_resetting_the_password_chooses_one(thief: Client) -> None:
    owner = Client()
    prove_by_reset(owner)

    owner.post("/account/password/reset/complete/", {"password1": "the-owners-password"})

    assert is_signed_in(owner)
    assert not is_signed_in(thief)
    assert User.objects.get().check_password("the-owners-password")


def test_an_address_that_was_proven_before_keeps_everything() -> None:
    make_user()
    before = Client()
    before.post("/account/login/", {"login": "ada@example.com", "password": PASSWORD})

    prove_by_code(Client())

    assert is_signed_in(before)
    assert User.objects.get().check_password(PASSWORD)
    assert not AuditEntry.objects.filter(**REMOVED).exists()


def test_the_password_stays_where_it_was_typed_before_the_code(settings: Any) -> None:
    """Where addresses are proven first, signing up means choosing a password and proving the address in one go."""
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    settings.ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
    browser = Client()
    url = browser.post("/account/signup/", {"email": "ada@example.com", "password1": PASSWORD})["Location"]

    browser.post(url, {"code": code_in(mail.outbox[-1])})

    assert is_signed_in(browser)
    assert User.objects.get().check_password(PASSWORD)
    assert not AuditEntry.objects.filter(**REMOVED).exists()
