"""`/link` while the account or the address is locked (design §7, wrong guesses)."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import Counter, User
from accounts.tests.builders import PASSWORD, make_counter, make_user
from linking.services.guesses import address_key, typer_key
from linking.tests.browsing import text_of
from linking.tests.builders import make_linking_code

pytestmark = pytest.mark.django_db


def unchanging(page: str) -> str:
    """The page without what is different each time that it is made."""
    return re.sub(r'data-seconds="\d+"|name="csrfmiddlewaretoken" value="\w+"', "", page)


def time_left(page: str) -> str:
    """What the clock says before a script lets it run."""
    found = re.search(r'Time left: <strong><time data-until data-seconds="\d+">([^<]+)</time>', page)
    assert found
    return found[1]


def test_after_five_wrong_codes_the_page_says_for_how_long_it_is_locked(browser: Browser) -> None:
    _, code = make_linking_code()
    for _ in range(5):
        assert browser.post("/link", {"code": "AAA-AAA"}).status_code == 400

    response = browser.post("/link", {"code": code})

    assert response.status_code == 429
    assert 14 * 60 < int(response["Retry-After"]) <= 15 * 60
    page = text_of(response)
    assert time_left(page) == "15 minutes"
    assert f'value="{code}"' in page


def test_the_page_warns_before_the_last_tries_and_says_at_once_that_they_are_over(browser: Browser) -> None:
    pages = [text_of(browser.post("/link", {"code": "AAA-AAA"})) for _ in range(5)]

    assert all("will have to wait" not in page for page in pages[:2])
    assert "After 2 more wrong codes you will have to wait." in pages[2]
    assert "After 1 more wrong code you will have to wait." in pages[3]
    assert "Too many wrong codes." in pages[4] and time_left(pages[4]) == "15 minutes"
    assert all('value="AAA-AAA"' in page for page in pages)


def test_a_right_code_takes_no_try(browser: Browser) -> None:
    _, code = make_linking_code()
    browser.post("/link", {"code": code})
    pages = [text_of(browser.post("/link", {"code": "AAA-AAA"})) for _ in range(2)]

    assert all("will have to wait" not in page for page in pages)


@pytest.mark.parametrize("method", ["get", "head"])
def test_whoever_comes_back_to_a_locked_page_sees_the_time_left_and_counts_nothing(
    browser: Browser, account: User, method: str
) -> None:
    until = timezone.now() + timedelta(minutes=11, seconds=30)
    make_counter(typer_key(account), count=5, locked_until=until, lock_count=1)
    before = list(Counter.objects.values())

    response = getattr(browser, method)("/link")

    assert (response.status_code, response.headers.get("Retry-After")) == (200, None)
    assert list(Counter.objects.values()) == before
    if method == "get":
        page = text_of(response)
        assert "Too many wrong codes." in page and time_left(page) == "12 minutes"
        assert '<time data-until data-seconds="6' in page
        assert 'id="id_code"' in page and "aria-invalid" not in page


def test_the_page_of_a_locked_account_is_the_same_whatever_codes_there_are(browser: Browser, account: User) -> None:
    make_counter(typer_key(account), count=5, locked_until=timezone.now() + timedelta(minutes=11, seconds=30))
    without = text_of(browser.get("/link"))
    make_linking_code()

    assert unchanging(text_of(browser.get("/link"))) == unchanging(without)


@pytest.mark.parametrize("whose", ["a lock that is over", "an address", "another account"])
def test_the_page_shows_no_lock_but_the_accounts_own(browser: Browser, account: User, whose: str) -> None:
    now = timezone.now()
    keys = {
        "a lock that is over": (typer_key(account), now - timedelta(seconds=1)),
        "an address": (address_key("127.0.0.1"), now + timedelta(minutes=9)),
        "another account": (typer_key(make_user("grace@example.com")), now + timedelta(minutes=9)),
    }
    key, until = keys[whose]
    make_counter(key, count=20, locked_until=until)

    page = text_of(browser.get("/link"))

    assert "Too many wrong codes" not in page and "data-until" not in page


def test_what_was_typed_before_signing_in_is_in_the_field_of_a_locked_page(account: User) -> None:
    make_counter(typer_key(account), count=5, locked_until=timezone.now() + timedelta(minutes=14))
    browser = Browser()
    asked = browser.post("/link", {"code": "ABC-234"})

    back = browser.post(asked["Location"], {"login": account.email, "password": PASSWORD, "next": "/link"}, follow=True)

    page = text_of(back)
    assert "Too many wrong codes" in page
    assert 'value="ABC-234"' in page


def test_a_long_lock_is_told_in_hours(browser: Browser, account: User) -> None:
    now = timezone.now()
    make_counter(typer_key(account), count=5, locked_until=now + timedelta(hours=7, minutes=59), lock_count=6)

    page = text_of(browser.post("/link", {"code": "AAA-AAA"}))

    assert time_left(page) == "8 hours"
    # Whatever the clock shows later, nothing on the page contradicts it, nor asks for what is not possible.
    assert page.count("8 hours") == 1 and "Try again in" not in page
    assert "Type it here" not in page


def test_signing_out_and_in_again_does_not_unlock(browser: Browser, account: User) -> None:
    for _ in range(5):
        browser.post("/link", {"code": "AAA-AAA"})
    another = Browser()
    another.force_login(account)

    assert another.post("/link", {"code": "AAA-AAA"}).status_code == 429


@pytest.mark.django_db(transaction=True)
def test_guesses_count_even_where_every_request_is_a_transaction(
    account: User, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)

    def fall_over(*args: object, **kwargs: object) -> None:
        raise RuntimeError("after the guess")

    monkeypatch.setattr("linking.views.link._code_page", fall_over)
    for _ in range(5):
        with pytest.raises(RuntimeError, match="after the guess"):
            browser.post("/link", {"code": "AAA-AAA"})

    assert Counter.objects.get(pk=typer_key(account)).locked_until is not None
