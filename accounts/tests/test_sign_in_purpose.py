"""The pages for signing in and up say what comes next, and lead back only to pages of this site."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from django.test import Client as Browser

from accounts.tests.builders import make_user
from accounts.tests.signing_in import sign_in

pytestmark = pytest.mark.django_db

PAGES = ["/account/login/", "/account/signup/"]
CONSENT = "/mcp/authorize?client_id=a&state=%22%3E%3Cb%3E"


@pytest.mark.parametrize("page", PAGES)
def test_on_the_way_to_an_assistant_it_says_so_and_leads_back_to_the_choice(page: str) -> None:
    shown = Browser().get(f"{page}?next={quote(CONSENT, safe='')}").content.decode()

    assert "Then you go on to the assistant that wants to be connected." in shown
    assert f'<a href="{CONSENT.replace("&", "&amp;")}">' in shown


@pytest.mark.parametrize("page", PAGES)
def test_on_the_way_to_link_it_says_that_the_code_is_kept_where_one_was_typed(page: str) -> None:
    browser = Browser()
    before = browser.get(f"{page}?next=/link").content.decode()

    browser.post("/link", {"code": "ABC-234"})
    after = browser.get(f"{page}?next=/link").content.decode()

    assert "Then you go on to link your assistant with its code." in before
    assert "is kept until then" not in before
    assert "Your code is kept until then." in after


@pytest.mark.parametrize("page", PAGES)
def test_on_the_way_to_the_code_for_an_assistant_it_speaks_of_that(page: str) -> None:
    """Nobody types one there."""
    shown = Browser().get(f"{page}?next=/link/code").content.decode()

    assert "Then you go on to the code for your assistant." in shown
    assert "link your assistant" not in shown


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/mcp/authorize?",
        "//evil.example/mcp/authorize?",
        "javascript:alert(1)//mcp/authorize?",
        "/\\evil.example/mcp/authorize?",
    ],
)
def test_no_link_leads_elsewhere(page: str, elsewhere: str) -> None:
    shown = Browser().get(f"{page}?next={quote(elsewhere, safe='')}").content.decode()

    assert 'href="https://evil' not in shown
    assert 'href="//evil' not in shown
    assert 'href="javascript' not in shown
    assert "Then you go on" not in shown


def test_whoever_was_signed_out_meanwhile_is_told_that_nothing_was_changed() -> None:
    browser = Browser()

    asked = browser.post("/account/links/11111111-1111-4111-8111-111111111111/unlink", follow=True)

    assert asked.redirect_chain[-1][0].startswith("/account/login/")
    assert "You were signed out meanwhile, and nothing was changed." in asked.content.decode()
    assert "signed out meanwhile" not in Browser().get("/account/", follow=True).content.decode()


SIGNED_OUT = "You have been signed out."


@pytest.mark.parametrize("page", ["/account/", "/account/profile/", "/link", "/link/code"])
def test_whoever_was_signed_out_elsewhere_is_told_once(page: str) -> None:
    make_user()
    here, elsewhere = Browser(), Browser()
    for browser in (here, elsewhere):
        sign_in(browser)
        browser.get("/account/browsers/")
    elsewhere.post("/account/browsers/end-others")

    asked, again = here.get(page, follow=True), here.get(page, follow=True)

    assert asked.redirect_chain[-1][0] == f"/account/login/?next={page}"
    assert SIGNED_OUT in asked.content.decode()
    assert SIGNED_OUT not in again.content.decode()


@pytest.mark.parametrize("state", ["/account/state", "/link/code/state"])
def test_the_page_that_a_live_page_becomes_says_that_it_was_signed_out(state: str) -> None:
    """Its script asks first, and sees no more than that it is led away."""
    account = make_user()
    browser = Browser()
    sign_in(browser)
    account.set_password("another-password")
    account.save()

    led_away = browser.get(state)

    assert led_away.status_code == 302
    assert SIGNED_OUT in browser.get("/account/", follow=True).content.decode()


def test_whoever_never_signed_in_or_signed_out_here_is_told_nothing_of_the_kind() -> None:
    make_user()
    browser = Browser()
    before = browser.get("/account/", follow=True).content.decode()
    sign_in(browser)
    browser.post("/account/logout/")

    assert SIGNED_OUT not in before
    assert SIGNED_OUT not in browser.get("/account/", follow=True).content.decode()
