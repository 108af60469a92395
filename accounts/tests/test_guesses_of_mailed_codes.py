"""A guess at a mailed code is counted before it is compared, in the database (design §7 for linking codes)."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.core.cache import cache
from django.db import DatabaseError, connections
from django.test import Client

from accounts.errors import TooManyGuesses
from accounts.models import AuditEntry, Counter
from accounts.tests.builders import let_counters_age, make_user
from accounts.tests.typing_codes import EMAIL, EVERY_KIND, Waiting, wait_to_reset, wait_to_sign_in

pytestmark = pytest.mark.django_db(transaction=True)
AT_ONCE = 12


@pytest.fixture(autouse=True)
def _addresses_are_confirmed_first(settings: Any) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    settings.ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True


@pytest.fixture(params=EVERY_KIND, ids=lambda begin: begin.__name__)
def waiting(request: pytest.FixtureRequest) -> Waiting:
    """A browser that waits for a code, of each kind."""
    begin: Callable[[], Waiting] = request.param
    return begin()


def wrong(number: int) -> str:
    """A code that nobody was sent: they are eight digits."""
    return f"{number:09d}"


def compared() -> int:
    """How many wrong codes were compared."""
    return AuditEntry.objects.filter(reason="wrong_code").count()


def refused() -> int:
    """How many were turned away without a look."""
    return AuditEntry.objects.filter(reason=TooManyGuesses.reason).count()


def messages_of(response: Any) -> list[str]:
    """What the next page says."""
    return [str(message) for message in get_messages(response.wsgi_request)]


def test_requests_that_read_the_session_before_others_saved_it_get_no_more_guesses(waiting: Waiting) -> None:
    as_read_by_all = waiting.session_now()

    for number in range(5):
        waiting.set_session(as_read_by_all)
        waiting.type(wrong(number))
    waiting.set_session(as_read_by_all)
    response = waiting.type(waiting.code)

    assert (compared(), refused()) == (3, 3)
    assert response.status_code == 302
    assert messages_of(response)[-1] == str(TooManyGuesses.description)
    assert not waiting.was_taken()


@pytest.mark.postgres
def test_of_many_guesses_at_once_three_are_compared(waiting: Waiting) -> None:
    barrier = Barrier(AT_ONCE)

    def guess(number: int) -> int:
        browser = waiting.same_browser()
        try:
            barrier.wait(20)
            return int(waiting.type(wrong(number), browser).status_code)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        statuses = list(pool.map(guess, range(AT_ONCE)))

    assert compared() == 3
    assert max(statuses) < 500


def test_the_right_code_is_taken_after_two_wrong_ones(waiting: Waiting) -> None:
    waiting.type(wrong(1))
    waiting.type(wrong(2))

    waiting.type(waiting.code)

    assert waiting.was_taken()
    # Two at the code and two for the address: the right one does not count for the latter.
    assert sorted(Counter.objects.filter(key__startswith="guess:").values_list("count", flat=True)) == [2, 3]


@pytest.mark.parametrize(
    ("begin", "page"), [(wait_to_sign_in, "/account/login/code/"), (wait_to_reset, "/account/password/reset/")]
)
def test_the_third_wrong_code_leads_to_where_a_new_one_is_asked_for(begin: Callable[[], Waiting], page: str) -> None:
    waiting = begin()
    first, second, third = [waiting.type(wrong(number)) for number in range(3)]

    assert (first.status_code, second.status_code) == (200, 200)
    assert (third.status_code, third["Location"]) == (302, page)
    shown = waiting.browser.get(page).content.decode()
    assert "That was wrong too often, and the code has ended. Ask for a new one." in shown
    assert "Too many attempts" not in shown
    # And it is typed once.
    assert f'value="{EMAIL}"' in shown
    assert EMAIL not in waiting.browser.get(page).content.decode()


@pytest.mark.parametrize("begin", [wait_to_sign_in, wait_to_reset])
def test_whoever_starts_over_gets_no_more_than_ten_guesses_an_hour(begin: Callable[[], Waiting]) -> None:
    for _ in range(4):
        waiting = begin()
        # Asking anew is limited by the minute, in the cache.
        cache.clear()
        for number in range(3):
            waiting.type(wrong(number))
    last = begin()

    last.type(last.code)

    assert compared() == 10
    assert not last.was_taken()


def test_it_does_not_matter_for_what_the_codes_were_sent() -> None:
    for begin in (wait_to_sign_in, wait_to_reset, wait_to_sign_in):
        waiting = begin()
        for number in range(3):
            waiting.type(wrong(number))
    wait_to_reset().type(wrong(1))
    last = wait_to_sign_in()

    last.type(last.code)

    assert compared() == 10
    assert not last.was_taken()


def test_an_hour_later_there_is_room_again() -> None:
    for _ in range(4):
        waiting = wait_to_sign_in()
        cache.clear()
        for number in range(3):
            waiting.type(wrong(number))
    let_counters_age(timedelta(hours=1))
    later = wait_to_sign_in()

    later.type(later.code)

    assert later.was_taken()


def test_other_addresses_have_a_count_of_their_own() -> None:
    make_user(EMAIL)
    for _ in range(4):
        stranger = Client()
        stranger.post("/account/login/code/", {"email": "other@example.com"})
        cache.clear()
        for number in range(3):
            stranger.post("/account/login/code/confirm/", {"code": wrong(number)})
    waiting = wait_to_sign_in()

    waiting.type(waiting.code)

    assert waiting.was_taken()


@pytest.mark.parametrize("page", ["/account/login/code/", "/account/password/reset/"])
def test_an_address_without_an_account_is_answered_alike(page: str) -> None:
    make_user(EMAIL)
    confirm = page + "confirm/"

    def answers(email: str) -> list[tuple[int, str, list[str]]]:
        seen = []
        for _ in range(5):
            browser = Client()
            browser.post(page, {"email": email})
            cache.clear()
            for number in range(3):
                response = browser.post(confirm, {"code": wrong(number)})
                seen.append((response.status_code, response.headers.get("Location", ""), messages_of(response)))
        return seen

    known = answers(EMAIL)

    assert str(TooManyGuesses.description) in str(known)
    assert str(answers("nobody@example.com")).replace("nobody@example.com", EMAIL) == str(known)


def test_asking_for_a_new_code_is_no_guess() -> None:
    waiting = wait_to_sign_in()

    waiting.browser.post(waiting.page, {"action": "resend"})

    assert not Counter.objects.filter(key__startswith="guess:").exists()


def test_counters_that_cannot_be_written_refuse_everybody(waiting: Waiting, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise DatabaseError

    monkeypatch.setattr("accounts.counters.take", fail)

    with pytest.raises(DatabaseError):
        waiting.type(waiting.code)

    monkeypatch.undo()
    assert not waiting.was_taken()


def test_no_counter_shows_whom_it_is_about(waiting: Waiting) -> None:
    waiting.type(wrong(1))

    keys = " ".join(Counter.objects.values_list("key", flat=True))
    assert "example" not in keys and "@" not in keys
