"""How long a mailed code is good for: the mail and the page say what holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail

from accounts import limits
from accounts.tests.mails import as_read
from accounts.tests.typing_codes import Waiting, wait_to_change_email, wait_to_reset, wait_to_sign_in, wait_to_sign_up

pytestmark = pytest.mark.django_db(transaction=True)

KINDS = [
    (wait_to_sign_in, "ACCOUNT_LOGIN_BY_CODE_TIMEOUT"),
    (wait_to_reset, "ACCOUNT_PASSWORD_RESET_BY_CODE_TIMEOUT"),
    (wait_to_sign_up, "ACCOUNT_EMAIL_VERIFICATION_BY_CODE_TIMEOUT"),
]


@pytest.fixture(autouse=True)
def _addresses_are_confirmed_first(settings: Any) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    settings.ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True


def said_by(waiting: Waiting) -> list[str]:
    """The page, and the mail."""
    page = as_read(waiting.browser.get(waiting.page).content.decode())
    return [page, as_read(str(mail.outbox[-1].body))]


@pytest.mark.parametrize(("begin", "timeout"), KINDS)
def test_page_and_mail_say_what_holds(begin: Callable[[], Waiting], timeout: str, settings: Any) -> None:
    for said in said_by(begin()):
        assert f"good for {getattr(settings, timeout) // 60} minutes" in said


def test_page_and_mail_about_a_new_address_say_what_holds() -> None:
    for said in said_by(wait_to_change_email()):
        assert f"good for {limits.in_minutes(limits.EMAIL_CODE_LIFETIME)} minutes" in said
