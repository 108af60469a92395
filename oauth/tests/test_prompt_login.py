"""`prompt=login` and `max_age`: a sign-in newer than the one there is (OpenID Connect Core 1.0 §3.1.2.1)."""

from __future__ import annotations

import pytest
from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from accounts.tests.builders import PASSWORD, make_user
from oauth.models import ConnectorSession
from oauth.tests.builders import make_client
from oauth.tests.protocol import authorize_path, decide, nothing_written, read_stamp
from oauth.views.authorize import DECISION_SECONDS, NEW_SIGN_IN_SECONDS

pytestmark = pytest.mark.django_db

AGE_SECONDS = NEW_SIGN_IN_SECONDS + 300


@pytest.fixture
def browser() -> Browser:
    """A browser in which somebody signed in with a password, a while ago."""
    browser = Browser()
    email = make_user().email
    browser.post(reverse("account_login"), {"login": email, "password": PASSWORD})
    age_sign_in(browser, AGE_SECONDS)
    return browser


def age_sign_in(browser: Browser, seconds: int) -> None:
    """Let the sign-in be older by so much."""
    session = browser.session
    for record in session[AUTHENTICATION_METHODS_SESSION_KEY]:
        record["at"] -= seconds
    session.save()


@pytest.mark.parametrize("asks", [{"prompt": "login"}, {"max_age": str(AGE_SECONDS - 10)}, {"max_age": "0"}])
def test_an_older_sign_in_is_made_again_once_and_leads_back(browser: Browser, asks: dict[str, str]) -> None:
    path = authorize_path(make_client(), **asks)

    asked = browser.get(path)
    shown = browser.post(asked["Location"], {"password": PASSWORD}, follow=True)

    assert asked["Location"].startswith(reverse("account_reauthenticate"))
    assert shown.redirect_chain == [(path, 302)]
    assert shown.status_code == 200
    assert "Allow" in shown.content.decode()


@pytest.mark.parametrize("asks", [{}, {"prompt": "consent"}, {"max_age": str(AGE_SECONDS + 60)}, {"max_age": "x"}])
def test_a_sign_in_that_is_new_enough_is_left_alone(browser: Browser, asks: dict[str, str]) -> None:
    assert browser.get(authorize_path(make_client(), **asks)).status_code == 200


def test_somebody_who_has_just_signed_up_is_not_asked_to_sign_in() -> None:
    browser = Browser()
    browser.force_login(make_user())

    assert browser.get(authorize_path(make_client(), prompt="login")).status_code == 200


def test_a_consent_remembers_when_its_browser_signed_in(browser: Browser) -> None:
    """What the ID token says as `auth_time`; for a guest there is nothing to remember."""
    decide(browser, authorize_path(make_client()), "allow")
    decide(Browser(), authorize_path(make_client()), "guest")

    of_account, of_guest = ConnectorSession.objects.order_by("user__is_guest")
    assert of_account.authenticated_at is not None
    assert AGE_SECONDS <= (timezone.now() - of_account.authenticated_at).total_seconds() < AGE_SECONDS + 60
    assert of_guest.authenticated_at is None


@pytest.mark.parametrize("asks", [{"prompt": "login"}, {"max_age": "0"}])
def test_a_form_leads_nobody_past_the_sign_in(browser: Browser, asks: dict[str, str]) -> None:
    """A form that the page never offered is not answered with the page, whose stamp would make the next one good."""
    path = authorize_path(make_client(), **asks)
    browser.post(browser.get(path)["Location"], {"password": PASSWORD})
    stamp = read_stamp(browser.get(path))

    for sent in ("x", stamp):
        age_sign_in(browser, DECISION_SECONDS + NEW_SIGN_IN_SECONDS)
        with nothing_written():
            response = browser.post(path, {"decision": "allow", "stamp": sent})

        assert response["Location"].startswith(reverse("account_reauthenticate"))


def test_whoever_signed_in_in_time_may_take_time_to_decide() -> None:
    browser = Browser()
    browser.post(reverse("account_login"), {"login": make_user().email, "password": PASSWORD})
    path = authorize_path(make_client(), prompt="login")
    stamp = read_stamp(browser.get(path))
    age_sign_in(browser, DECISION_SECONDS)

    assert "code=" in browser.post(path, {"decision": "allow", "stamp": stamp})["Location"]


def test_whoever_says_no_need_not_sign_in_for_it() -> None:
    browser = Browser()
    browser.post(reverse("account_login"), {"login": make_user().email, "password": PASSWORD})
    path = authorize_path(make_client(), prompt="login")
    stamp = read_stamp(browser.get(path))
    age_sign_in(browser, DECISION_SECONDS * 100)

    denied = browser.post(path, {"decision": "deny", "stamp": stamp})

    assert "error=access_denied" in denied["Location"]
