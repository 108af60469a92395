"""A site where nobody connects without an account (`DEXTER_GUESTS_ENABLED=false`): no page tells people to."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client as Browser

from accounts.tests.builders import make_user
from oauth.tests.builders import make_client
from oauth.tests.protocol import authorize_path

pytestmark = pytest.mark.django_db
# What only they need who continued without an account.
ONLY_FOR_GUESTS = re.compile(
    r"without an account|linking code|I have a code|showed me a code|get a code here|Get one here"
)


def main_of(browser: Browser, path: str) -> str:
    """What the page says below the navigation, which is the same on all of them."""
    page = browser.get(path).content.decode()
    return page[page.index("<main") : page.index("</main>")]


@pytest.fixture
def browser() -> Browser:
    """A browser of somebody who signed in."""
    browser = Browser()
    browser.force_login(make_user())
    return browser


@pytest.mark.parametrize("path", ["/", "/connect", "/mcp", "/account/"])
def test_what_nobody_can_do_is_left_out(browser: Browser, settings: Any, path: str) -> None:
    assert ONLY_FOR_GUESTS.search(main_of(browser, path))

    settings.DEXTER_GUESTS_ENABLED = False

    assert not ONLY_FOR_GUESTS.search(main_of(browser, path))


def test_the_steps_lead_to_an_assistant_that_acts(client: Browser, settings: Any) -> None:
    settings.DEXTER_GUESTS_ENABLED = False

    assert "Sign in, and say what it may do." in main_of(client, "/")
    assert "From then on it acts for you, until you end it." in main_of(client, "/")
    assert "The assistant acts for your account from then on." in main_of(client, "/connect")


def test_consent_has_no_third_door(client: Browser, settings: Any) -> None:
    path = authorize_path(make_client())
    assert "Continue without an account" in main_of(client, path)

    settings.DEXTER_GUESTS_ENABLED = False

    assert "Continue without an account" not in main_of(client, path)


def test_the_page_with_codes_says_that_it_is_for_those_who_connected_before(browser: Browser, settings: Any) -> None:
    assert "You have connected an assistant without signing in?" in main_of(browser, "/link/code")

    settings.DEXTER_GUESTS_ENABLED = False

    page = main_of(browser, "/link/code")
    assert "You have connected an assistant without signing in?" not in page
    assert "signs in, so that it needs no code" in page
