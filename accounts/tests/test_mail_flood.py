"""Whoever types an address cannot fill its mailbox, and is not told that there is a limit."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.core import mail
from django.core.cache import cache
from django.db import connections
from django.test import Client

from accounts.models import Counter
from accounts.services import admit_asked_mail
from accounts.tests.builders import PASSWORD, let_counters_age, make_user
from accounts.tests.mails import code_in

pytestmark = pytest.mark.django_db(transaction=True)
EMAIL = "stranger@example.org"
SIGN_IN, RESET, SIGN_UP = "/account/login/code/", "/account/password/reset/", "/account/signup/"


@pytest.fixture(autouse=True)
def _addresses_are_confirmed_first(settings: Any) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    settings.ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True


def ask(page: str, email: str = EMAIL) -> Any:
    """Ask for a mail from a browser that nobody knows, after allauth's own limits have forgotten the last time."""
    cache.clear()
    return Client().post(page, {"email": email, "password1": PASSWORD})


def mails_to(email: str = EMAIL) -> int:
    """How many have left."""
    return sum(message.to == [email] for message in mail.outbox)


@pytest.mark.parametrize("has_account", [True, False])
def test_six_an_hour_reach_an_address_all_kinds_together(has_account: bool) -> None:
    if has_account:
        make_user(EMAIL)

    for page in (SIGN_IN, RESET, SIGN_UP) * 4:
        assert ask(page).status_code == 302
    assert mails_to() == 6

    let_counters_age(timedelta(hours=1))
    ask(SIGN_IN)
    assert mails_to() == 7


def test_twenty_a_day_reach_an_address() -> None:
    for _ in range(5):
        for _ in range(6):
            ask(SIGN_IN)
        let_counters_age(timedelta(hours=1))

    assert mails_to() == 20
    let_counters_age(timedelta(hours=19))
    ask(SIGN_IN)
    assert mails_to() == 21


def test_asking_for_a_new_code_on_the_page_counts_too(client: Client) -> None:
    make_user(EMAIL)
    for _ in range(5):
        ask(RESET)
    client.post(SIGN_IN, {"email": EMAIL})

    client.post("/account/login/code/confirm/", {"action": "resend"})

    assert mails_to() == 6


@pytest.mark.parametrize("page", [SIGN_IN, RESET, SIGN_UP])
def test_the_answer_is_the_same_when_no_mail_leaves(page: str) -> None:
    def answer() -> tuple[Any, ...]:
        response = ask(page)
        told = [str(message) for message in get_messages(response.wsgi_request)]
        return response.status_code, response["Location"], told

    first = answer()
    for _ in range(6):
        ask(page)
    sent = mails_to()

    assert answer() == first
    assert mails_to() == sent == 6


def test_capitals_are_the_same_address() -> None:
    for email in (EMAIL, EMAIL.upper(), EMAIL.title()) * 3:
        ask(RESET, email)

    assert len(mail.outbox) == 6


def test_other_addresses_get_theirs() -> None:
    for _ in range(8):
        ask(SIGN_IN)
    make_user("ada@example.com")
    browser = Client()

    browser.post(SIGN_IN, {"email": "ada@example.com"})
    browser.post("/account/login/code/confirm/", {"code": code_in(mail.outbox[-1])})

    assert "_auth_user_id" in browser.session


def test_what_tells_the_owner_of_a_change_always_leaves(client: Client) -> None:
    ada = make_user(EMAIL)
    for _ in range(8):
        ask(SIGN_IN)
    client.force_login(ada)

    client.post("/account/password/change/", {"oldpassword": PASSWORD, "password1": "another-long-one-77"})

    assert mails_to() == 7
    assert "password" in mail.outbox[-1].subject.lower()


def test_no_counter_shows_an_address() -> None:
    ask(SIGN_IN)

    assert not Counter.objects.filter(key__icontains="stranger").exists()


@pytest.mark.postgres
def test_of_many_that_ask_at_once_six_get_a_mail_sent() -> None:
    barrier = Barrier(12)

    def admit(_: int) -> bool:
        try:
            barrier.wait(20)
            return admit_asked_mail(email=EMAIL)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(12) as pool:
        admitted = list(pool.map(admit, range(12)))

    assert admitted.count(True) == 6
