"""What a person's mail is written in: the language of the browser that they last signed in with."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from accounts.tests.builders import PASSWORD, make_user
from accounts.tests.mails import html_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _languages(settings: Any) -> None:
    """A site in two languages."""
    settings.LANGUAGES = [("en", "English"), ("de", "Deutsch")]


def browser_in(language: str) -> Client:
    """A browser whose person reads `language`."""
    return Client(headers={"Accept-Language": language})


def sign_in(browser: Client, user: User) -> str:
    """Sign in; the language that is kept."""
    browser.post("/account/login/", {"login": user.email, "password": PASSWORD})
    user.refresh_from_db()
    return user.language


def test_the_language_of_the_last_sign_in_is_kept() -> None:
    user = make_user()

    assert sign_in(browser_in("de-AT,de;q=0.9,en;q=0.5"), user) == "de"
    assert sign_in(browser_in("en-GB"), user) == "en"


def test_a_new_account_has_the_language_of_its_browser() -> None:
    browser_in("de").post("/account/signup/", {"email": "new@example.com", "password1": PASSWORD})

    assert User.objects.get().language == "de"


@pytest.mark.parametrize("language", ["tlh", "", "*", "../../etc/passwd", "x" * 10_000, "de\x00"])
def test_a_language_that_the_site_does_not_speak_is_not_kept(language: str) -> None:
    assert sign_in(browser_in(language), make_user()) in ("en", "de")


def test_who_does_not_get_in_changes_nothing() -> None:
    user = make_user(language="en")

    browser_in("de").post("/account/login/", {"login": user.email, "password": "wrong"})

    user.refresh_from_db()
    assert user.language == "en"


@pytest.mark.parametrize(("of_account", "written_in"), [("de", "de"), ("en", "en"), ("", "en")])
def test_a_mail_is_in_the_language_of_who_gets_it_and_not_of_who_asked(
    of_account: str, written_in: str, mailoutbox: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    make_user(language=of_account)
    stranger = browser_in("en" if of_account else "en;q=0.5,tlh")

    with django_capture_on_commit_callbacks(execute=True):
        stranger.post("/account/password/reset/", {"email": "ADA@example.com"})

    assert f'<html lang="{written_in}"' in html_of(mailoutbox[0])
