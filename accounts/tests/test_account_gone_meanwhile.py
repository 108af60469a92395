"""An account that is deleted while a browser waits for its code or its second factor: sign in again, never an error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from accounts.audit import AccountAction
from accounts.models import AuditEntry, User
from accounts.tests.builders import PASSWORD, make_user
from accounts.tests.second_factors import code_of, make_app
from accounts.tests.typing_codes import EMAIL, Waiting, wait_to_reset, wait_to_sign_in, wait_to_sign_up

pytestmark = pytest.mark.django_db(transaction=True)
STEPS: dict[str, Callable[[Client, str, str], Any]] = {
    "get": lambda browser, page, code: browser.get(page),
    "resend": lambda browser, page, code: browser.post(page, {"action": "resend"}),
    "right": lambda browser, page, code: browser.post(page, {"code": code}),
    "wrong": lambda browser, page, code: browser.post(page, {"code": "0000-0001"}),
}
AGAIN = "That did not work any more. Sign in again."


@pytest.fixture(autouse=True)
def _addresses_are_confirmed_first(settings: Any) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    settings.ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True


def wait_for_second_step() -> Waiting:
    """Somebody who has an app typed the password."""
    make_app(make_user(EMAIL))
    browser = Client()
    browser.post("/account/login/", {"login": EMAIL, "password": PASSWORD})
    return Waiting(browser, "/account/login/second-step/", code_of(), lambda: "_auth_user_id" in browser.session)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("begin", [wait_for_second_step, wait_to_sign_in, wait_to_sign_up])
def test_whoever_waits_is_told_to_sign_in_again(begin: Callable[[], Waiting], step: str) -> None:
    waiting = begin()
    User.objects.all().delete()
    sent = len(mail.outbox)

    response = STEPS[step](waiting.browser, waiting.page, waiting.code)

    page = waiting.browser.get(response["Location"])
    assert response["Location"] == "/account/login/"
    assert (page.status_code, AGAIN in page.content.decode()) == (200, True)
    assert not waiting.was_taken()
    assert len(mail.outbox) == sent
    assert not AuditEntry.objects.filter(action=AccountAction.SIGNED_IN).exists()


@pytest.mark.parametrize("step", STEPS)
def test_a_reset_ends_as_well(step: str) -> None:
    waiting = wait_to_reset()
    User.objects.all().delete()

    response = STEPS[step](waiting.browser, waiting.page, waiting.code)

    assert response["Location"] == "/account/login/"


@pytest.mark.parametrize("step", ["get", "wrong"])
def test_an_address_that_never_had_an_account_goes_on_waiting(client: Client, step: str) -> None:
    client.post("/account/login/code/", {"email": EMAIL})

    response = STEPS[step](client, "/account/login/code/confirm/", "")

    assert response.status_code == 200
    assert AGAIN not in response.content.decode()
