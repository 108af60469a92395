"""While the mail server or the queue is away nobody is told that a code was sent, and nothing is half-done."""

from __future__ import annotations

from collections.abc import Callable
from smtplib import SMTPServerDisconnected
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.cache import cache
from django.test import Client
from kombu.exceptions import OperationalError as QueueError

from accounts import tasks
from accounts.audit import AccountAction
from accounts.models import AuditEntry, User
from accounts.tests.builders import PASSWORD, make_user

pytestmark = pytest.mark.django_db(transaction=True)

WORDS = "We cannot send email right now"


@pytest.fixture(params=["server", "queue"])
def mail_away(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Lets no mail leave any more: without a worker, or with one."""

    def fail(*args: Any, **kwargs: Any) -> None:
        raise QueueError("away") if request.param == "queue" else SMTPServerDisconnected("away")

    def begin() -> None:
        if request.param == "queue":
            monkeypatch.setattr(tasks.send_mail, "apply_async", fail)
        else:
            monkeypatch.setattr(mail.EmailMultiAlternatives, "send", fail)

    return begin


@pytest.fixture
def browser() -> Client:
    """A browser that shows what people see."""
    return Client(raise_request_exception=False)


def assert_told(response: Any) -> None:
    assert response.status_code == 503
    assert int(response["Retry-After"]) > 0
    assert response["Cache-Control"] == "no-store"
    assert WORDS in response.content.decode()


@pytest.mark.parametrize("email", ["ada@example.com", "nobody@example.com"])
@pytest.mark.parametrize("path", ["/account/login/code/", "/account/password/reset/"])
def test_whoever_waits_for_a_code_is_told(browser: Client, mail_away: Any, path: str, email: str) -> None:
    """With and without an account: the answer tells nobody which addresses have one."""
    make_user()
    mail_away()

    assert_told(browser.post(path, {"email": email}))

    assert not browser.session.keys()
    assert not AuditEntry.objects.exists()


@pytest.fixture
def _mandatory(settings: Any) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    settings.ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True


@pytest.mark.usefixtures("_mandatory")
def test_an_account_whose_code_was_not_sent_is_not_made(
    browser: Client, mail_away: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    mail_away()

    assert_told(browser.post("/account/signup/", {"email": "ada@example.com", "password1": PASSWORD}))

    assert not User.objects.exists()
    assert not EmailAddress.objects.exists()
    assert AuditEntry.objects.get(action=AccountAction.DELETED).reason == "mail_not_sent"
    monkeypatch.undo()
    # A few minutes later.
    cache.clear()
    again = browser.post("/account/signup/", {"email": "ada@example.com", "password1": PASSWORD})
    assert again["Location"] == "/account/confirm-email/"


@pytest.mark.usefixtures("_mandatory")
def test_an_account_that_exists_stays(browser: Client, mail_away: Any) -> None:
    ada = make_user()
    mail_away()

    assert_told(browser.post("/account/signup/", {"email": ada.email, "password1": PASSWORD}))

    assert User.objects.get() == ada


@pytest.mark.parametrize("email", ["new@example.com", "bob@example.com"])
def test_a_new_address_is_not_waited_for(browser: Client, mail_away: Any, email: str) -> None:
    ada, _ = make_user(), make_user("bob@example.com")
    browser.post("/account/login/", {"login": ada.email, "password": PASSWORD})
    mail_away()

    assert_told(browser.post("/account/email/", {"email": email}))

    assert browser.get("/account/email/confirm/").status_code == 302
    assert not AuditEntry.objects.filter(action=AccountAction.EMAIL_CODE_SENT).exists()


def test_what_has_happened_stays_though_nobody_can_be_told(browser: Client, mail_away: Any) -> None:
    """A changed password is changed; that the mail about it did not leave is logged."""
    ada = make_user()
    browser.post("/account/login/", {"login": ada.email, "password": PASSWORD})
    mail_away()

    response = browser.post("/account/password/change/", {"oldpassword": PASSWORD, "password1": "another-long-one-77"})

    ada.refresh_from_db()
    assert response.status_code == 302
    assert ada.check_password("another-long-one-77")
