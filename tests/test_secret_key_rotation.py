"""Another DEXTER_SECRET_KEY: with the former one among the fallbacks nothing is lost, without it all of it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory
from mcp.server.request_state import AESGCMRequestStateCodec, InvalidRequestState

from accounts.guests import guest_cookie_name, read_guest, remember_guest
from accounts.known_browsers import known_browser_cookie_name, read_known_browser
from accounts.models import User
from accounts.tests.builders import PASSWORD, make_guest, make_user
from accounts.tests.mails import code_in
from linking.disowning import disown_token, read_disown_token
from linking.models import LinkingCode
from linking.tests.browsing import answer_about
from linking.tests.builders import make_link, make_linking_code
from mcp_bridge.server import request_state_keys
from oauth.keys import current_signing_key, published_keys
from oauth.tests.builders import make_refresh_token
from oauth.tests.protocol import refresh

pytestmark = pytest.mark.django_db(transaction=True)
Rotate = Callable[[], None]
NEW_KEY = "the-next-key-of-a-site-which-is-long-enough-to-be-one-too"


@pytest.fixture(params=[True, False], ids=["fallback", "no fallback"])
def is_kept(request: pytest.FixtureRequest) -> bool:
    """Whether the former key is among the fallbacks."""
    return bool(request.param)


@pytest.fixture
def rotate(settings: Any, is_kept: bool) -> Rotate:
    """Give the site another key."""

    def rotate() -> None:
        settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY] if is_kept else []
        settings.SECRET_KEY = NEW_KEY

    return rotate


@pytest.fixture
def ada() -> User:
    """Who has an account."""
    return make_user()


@pytest.fixture
def browser(ada: User) -> Client:
    """A browser in which she is signed in, and which is known for it."""
    browser = Client()
    browser.post("/account/login/", {"login": "ada@example.com", "password": PASSWORD})
    browser.get("/account/profile/")
    return browser


def test_who_is_signed_in_stays_signed_in(browser: Client, rotate: Rotate, is_kept: bool) -> None:
    rotate()

    assert (browser.get("/account/profile/").status_code == 200) is is_kept


def test_a_known_browser_stays_known(browser: Client, ada: User, rotate: Rotate, is_kept: bool) -> None:
    request = RequestFactory().get("/account/login/")
    request.COOKIES[known_browser_cookie_name()] = browser.cookies[known_browser_cookie_name()].value
    assert read_known_browser(request, email=ada.email or "")
    rotate()

    assert (read_known_browser(request, email=ada.email or "") is not None) is is_kept


def test_a_known_browser_is_still_forgotten_with_the_password(browser: Client, ada: User, rotate: Rotate) -> None:
    request = RequestFactory().get("/account/login/")
    request.COOKIES[known_browser_cookie_name()] = browser.cookies[known_browser_cookie_name()].value
    rotate()
    ada.set_password("nine blue herons")
    ada.save()

    assert read_known_browser(request, email=ada.email or "") is None


def test_a_guests_browser_is_the_same_guest(rotate: Rotate, is_kept: bool) -> None:
    guest, response, request = make_guest(), HttpResponse(), RequestFactory().get("/mcp/authorize")
    remember_guest(response, guest)
    request.COOKIES[guest_cookie_name()] = response.cookies[guest_cookie_name()].value
    rotate()

    assert read_guest(request) == (guest if is_kept else None)


def test_a_code_that_an_assistant_showed_works(browser: Client, ada: User, rotate: Rotate, is_kept: bool) -> None:
    row, code = make_linking_code()
    rotate()
    browser.force_login(ada)

    browser.post("/link", {"code": code})
    page = browser.get("/link/confirm", follow=True).content.decode()
    browser.post("/link/confirm", answer_about(row.pk))

    assert (code in page) is is_kept
    assert LinkingCode.objects.filter(pk=row.pk, used_at__isnull=False).exists() is is_kept


def test_a_code_that_the_website_showed_is_still_known_as_its_own(
    browser: Client, ada: User, rotate: Rotate, is_kept: bool
) -> None:
    """The website's session is lost without the former key, and what it showed with it."""
    browser.post("/link/code", {"decision": "new"})
    code = LinkingCode.objects.get()
    shown = browser.session["linking_offered_code"]["code"]
    rotate()
    if not is_kept:
        browser.force_login(ada)

    page = browser.post("/link", {"code": shown}, follow=True).content.decode()

    assert ("That is the code that you made here." in page) is is_kept
    assert LinkingCode.objects.get() == code


def test_a_code_for_a_new_address_works(
    browser: Client, ada: User, rotate: Rotate, is_kept: bool, mailoutbox: list[Any]
) -> None:
    browser.post("/account/email/", {"email": "new@example.com"})
    rotate()

    browser.post("/account/email/confirm/", {"code": code_in(mailoutbox[0])})

    ada.refresh_from_db()
    assert ada.email == ("new@example.com" if is_kept else "ada@example.com")


def test_that_was_not_me_can_still_be_said(rotate: Rotate, is_kept: bool) -> None:
    token = disown_token(make_link())
    rotate()

    assert (read_disown_token(token) is not None) is is_kept


def test_an_answer_that_was_lost_meanwhile_is_given_again(rotate: Rotate, is_kept: bool) -> None:
    """Without the former key its successor cannot be made again: there are two, and each goes on."""
    browser, (row, token) = Client(), make_refresh_token()
    lost = refresh(browser, row.application, token).json()["refresh_token"]
    rotate()

    found = refresh(browser, row.application, token).json()["refresh_token"]

    assert (found == lost) is is_kept
    for each in {found, lost}:
        assert refresh(browser, row.application, each).status_code == 200


def test_id_tokens_are_signed_with_the_same_key(rotate: Rotate, is_kept: bool) -> None:
    before = current_signing_key().thumbprint()
    rotate()

    assert (current_signing_key().thumbprint() == before) is is_kept
    assert (before in [key["kid"] for key in published_keys()]) is is_kept


def test_what_an_assistant_keeps_for_a_call_is_opened(rotate: Rotate, is_kept: bool) -> None:
    sealed = AESGCMRequestStateCodec(request_state_keys()).seal(b"state")
    rotate()
    codec = AESGCMRequestStateCodec(request_state_keys())

    if is_kept:
        assert codec.unseal(sealed) == b"state"
    else:
        with pytest.raises(InvalidRequestState):
            codec.unseal(sealed)
