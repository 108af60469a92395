"""`/link/confirm` and `/link/done` (design §7, confirm and afterwards)."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from django.conf import settings
from django.core import mail
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import User
from accounts.sign_in import SIGN_IN_MAX_AGE
from accounts.tests.builders import PASSWORD, make_user
from accounts.tests.mails import code_in
from linking.models import AccountLink, LinkingCode
from linking.tests.builders import make_link, make_linking_code, pass_time
from oauth.models import Client
from oauth.tests.builders import make_client, make_session

pytestmark = pytest.mark.django_db


@pytest.fixture
def account() -> User:
    """Ada, who has just signed up."""
    return make_user()


@pytest.fixture
def browser(account: User) -> Browser:
    """A browser in which Ada is signed in."""
    return signed_in(account)


def signed_in(account: User, **options: Any) -> Browser:
    """A browser in which `account` is signed in."""
    browser = Browser(**options)
    browser.force_login(account)
    return browser


def type_code(browser: Browser, **fields: Any) -> LinkingCode:
    """Make a code and type it."""
    row, code = make_linking_code(**fields)
    assert browser.post("/link", {"code": code})["Location"] == "/link/confirm"
    return row


def text_of(response: Any) -> str:
    """The page."""
    return str(response.content.decode())


def test_the_page_shows_everything_that_a_person_needs_to_decide(browser: Browser) -> None:
    client = make_client(
        name="ChatGPT",
        client_id="https://chatgpt.com/oauth/client.json",
        registration_source=Client.RegistrationSource.CIMD,
    )
    session = make_session(client=client, redirect_uri="https://answers.example.com/callback")
    _, code = make_linking_code(session, created_at=timezone.now() - timedelta(minutes=3, seconds=10))
    browser.post("/link", {"code": code.lower().replace("-", "")})

    page = text_of(browser.get("/link/confirm"))

    assert f'<p class="code">{code}</p>' in page
    assert "ChatGPT" in page
    assert '<span class="badge badge-verified">chatgpt.com</span>' in page
    assert "not verified" not in page
    assert "<strong>answers.example.com</strong>" in page
    assert "3 minutes ago" in page
    assert "<strong>ada@example.com</strong>" in page
    assert page.count(">Use another account</button>") == 1
    for scope in session.scope.split():
        assert settings.DEXTER_SCOPES[scope] in page
    assert settings.DEXTER_SCOPES["email"] not in page


def test_an_assistant_that_nobody_vouches_for_is_shown_as_not_verified_and_its_name_is_only_text(
    browser: Browser,
) -> None:
    type_code(browser, session=make_session(client=make_client(name="<b>ChatGPT</b>")))

    page = text_of(browser.get("/link/confirm"))

    assert "&lt;b&gt;ChatGPT&lt;/b&gt;" in page
    assert '<span class="badge badge-unverified">not verified</span>' in page
    assert "anybody can choose any name" in page


def test_other_live_connections_of_the_same_identity_are_shown_because_they_are_linked_too(browser: Browser) -> None:
    row = type_code(browser)
    assert "These will act for your account too" not in text_of(browser.get("/link/confirm"))
    make_session(user=row.user, client=make_client(name="Second Assistant"), redirect_uri="cursor://callback")
    ended = make_client(name="Ended Assistant")
    make_session(user=row.user, client=ended, ended_at=timezone.now(), end_reason="user")
    make_session(client=make_client(name="Assistant of a stranger"))

    page = text_of(browser.get("/link/confirm"))

    assert "These will act for your account too" in page
    assert "Second Assistant" in page
    assert "Its answers go to cursor:" in page
    assert "Ended Assistant" not in page
    assert "Assistant of a stranger" not in page


def test_what_other_connections_of_the_identity_may_do_is_said_as_well(browser: Browser) -> None:
    """The link joins the identity: a connection that may see the e-mail address sees that of the account."""
    row = type_code(browser)
    assert settings.DEXTER_SCOPES["email"] not in text_of(browser.get("/link/confirm"))

    make_session(row.user, scope="identity.read email")

    assert settings.DEXTER_SCOPES["email"] in text_of(browser.get("/link/confirm"))


def test_both_buttons_are_equally_prominent(browser: Browser) -> None:
    type_code(browser)

    page = text_of(browser.get("/link/confirm"))

    assert '<button type="submit" name="decision" value="link" class="button">Link account</button>' in page
    assert '<button type="submit" name="decision" value="decline" class="button">Not me</button>' in page


def test_looking_links_nothing(browser: Browser) -> None:
    row = type_code(browser)

    browser.get("/link/confirm?decision=link")
    browser.head("/link/confirm")

    row.refresh_from_db()
    assert row.used_at is None
    assert not AccountLink.objects.exists()


def test_link_account_links_and_says_what_to_do_next(browser: Browser, account: User) -> None:
    row = type_code(browser)

    response = browser.post("/link/confirm", {"decision": "link"}, follow=True)

    assert response.redirect_chain == [("/link/done", 302)]
    page = text_of(response)
    assert "Example Assistant" in page
    assert "<strong>ada@example.com</strong>" in page
    assert "Go back to your assistant and say:" in page
    assert "This wasn’t me" in page  # noqa: RUF001
    link = AccountLink.objects.get()
    assert (link.user, link.account) == (row.user, account)


def test_not_me_links_nothing_and_ends_the_code(browser: Browser) -> None:
    row = type_code(browser)

    response = browser.post("/link/confirm", {"decision": "decline"}, follow=True)

    assert response.redirect_chain == [("/link", 302)]
    assert "Nothing was linked, and that code does not work any more." in text_of(response)
    row.refresh_from_db()
    assert row.ended_at is not None
    assert not AccountLink.objects.exists()
    assert browser.post("/link/confirm", {"decision": "link"})["Location"] == "/link"
    assert not AccountLink.objects.exists()


@pytest.mark.parametrize("form", [{}, {"decision": ""}, {"decision": "allow"}])
def test_a_post_without_a_decision_shows_the_page_again(browser: Browser, form: dict[str, str]) -> None:
    row = type_code(browser)

    response = browser.post("/link/confirm", form)

    assert response.status_code == 400
    assert "Link account" in text_of(response)
    row.refresh_from_db()
    assert (row.used_at, row.ended_at) == (None, None)


def test_the_back_button_after_linking_says_that_it_is_done(browser: Browser) -> None:
    type_code(browser)
    browser.post("/link/confirm", {"decision": "link"})

    assert browser.get("/link/confirm")["Location"] == "/link/done"
    assert "no-store" in browser.get("/link/done")["Cache-Control"]


def test_confirming_in_a_second_tab_says_that_it_is_done_and_links_once(browser: Browser) -> None:
    type_code(browser)
    browser.get("/link/confirm")
    browser.get("/link/confirm")
    browser.post("/link/confirm", {"decision": "link"})

    assert browser.post("/link/confirm", {"decision": "link"})["Location"] == "/link/done"
    assert AccountLink.objects.count() == 1


def test_without_a_typed_code_there_is_nothing_to_confirm(browser: Browser) -> None:
    response = browser.get("/link/confirm", follow=True)

    assert response.redirect_chain == [("/link", 302)]
    assert "Type the code first." in text_of(response)
    assert browser.get("/link/done")["Location"] == "/account/"


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_code_that_expired_between_the_pages_is_explained(browser: Browser, method: str) -> None:
    type_code(browser)
    pass_time(timedelta(minutes=10))

    response = getattr(browser, method)("/link/confirm", {"decision": "link"})

    page = text_of(response)
    assert response.status_code == 400
    assert "That code has ended" in page
    assert "Ask your assistant for a new code" in page
    assert not AccountLink.objects.exists()


def test_a_code_that_was_replaced_while_the_page_was_open_links_nothing(browser: Browser) -> None:
    row = type_code(browser)
    browser.get("/link/confirm")
    LinkingCode.objects.filter(pk=row.pk).update(ended_at=timezone.now())

    response = browser.post("/link/confirm", {"decision": "link"})

    assert response.status_code == 400
    assert "That code has ended" in text_of(response)
    assert not AccountLink.objects.exists()


def test_an_identity_that_is_linked_elsewhere_is_refused_in_general_words(browser: Browser) -> None:
    owner = make_user("owner@example.com")
    row = type_code(browser)
    make_link(account=owner, session=row.session)

    response = browser.post("/link/confirm", {"decision": "link"})

    page = text_of(response)
    assert response.status_code == 409
    assert "This assistant cannot be linked to your account." in page
    assert "owner" not in page
    assert AccountLink.objects.get().account == owner


def test_a_post_without_a_csrf_token_links_nothing(account: User) -> None:
    row, code = make_linking_code()
    browser = signed_in(account, enforce_csrf_checks=True)
    browser.get("/link")
    token = browser.cookies[settings.CSRF_COOKIE_NAME].value
    browser.post("/link", {"code": code, "csrfmiddlewaretoken": token})
    assert browser.get("/link/confirm").status_code == 200

    for form in ({}, {"csrfmiddlewaretoken": "x" * 64}):
        assert browser.post("/link/confirm", {"decision": "link", **form}).status_code == 403
    foreign = browser.post(
        "/link/confirm",
        {"decision": "link", "csrfmiddlewaretoken": token},
        headers={"origin": "https://evil.example.com"},
    )

    assert foreign.status_code == 403
    row.refresh_from_db()
    assert row.used_at is None
    assert not AccountLink.objects.exists()


# --- Whose code it is -----------------------------------------------------------------------------------------------


def test_a_code_that_another_account_typed_in_this_browser_is_dropped(browser: Browser) -> None:
    row = type_code(browser)
    session = browser.session
    kept = session["linking_pending_code"]
    browser.force_login(make_user("mallory@example.com"))
    session = browser.session
    session["linking_pending_code"] = kept
    session.save()

    response = browser.post("/link/confirm", {"decision": "link"})

    assert response["Location"] == "/link"
    assert "linking_pending_code" not in browser.session
    row.refresh_from_db()
    assert row.used_at is None
    assert not AccountLink.objects.exists()


def test_switching_accounts_forgets_the_code(browser: Browser) -> None:
    row = type_code(browser)
    browser.post("/account/logout/", {"next": "/link"})
    make_user("grace@example.com")
    browser.post("/account/login/", {"login": "grace@example.com", "password": PASSWORD})

    response = browser.post("/link/confirm", {"decision": "link"})

    assert response["Location"] == "/link"
    row.refresh_from_db()
    assert row.used_at is None


def test_the_client_cannot_say_which_code_to_confirm(browser: Browser) -> None:
    mine = type_code(browser)
    other, _ = make_linking_code()

    browser.post("/link/confirm", {"decision": "link", "code_id": str(other.pk), "code": str(other.pk)})

    assert AccountLink.objects.get().user == mine.user


def test_the_done_page_of_a_link_of_another_account_is_not_shown(browser: Browser) -> None:
    link = make_link(account=make_user("owner@example.com"))
    session = browser.session
    session["linking_last_link"] = str(link.pk)
    session.save()

    assert browser.get("/link/done")["Location"] == "/account/"


# --- How recently the person signed in --------------------------------------------------------------------------------


def grow_old(browser: Browser, by: timedelta) -> None:
    """Let the sign-in of this browser have happened `by` ago."""
    User.objects.update(date_joined=timezone.now() - timedelta(days=100))
    session = browser.session
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [{"method": "password", "at": time.time() - by.total_seconds()}]
    session["account_authentication_methods_user"] = str(browser.session["_auth_user_id"])
    session.save()


def test_the_settings_agree_on_what_a_recent_sign_in_is() -> None:
    assert timedelta(seconds=settings.ACCOUNT_REAUTHENTICATION_TIMEOUT) == SIGN_IN_MAX_AGE == timedelta(minutes=15)


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_stale_sign_in_neither_sees_nor_confirms(browser: Browser, method: str) -> None:
    row = type_code(browser)
    grow_old(browser, timedelta(minutes=15, seconds=5))

    response = getattr(browser, method)("/link/confirm", {"decision": "link"})

    assert response["Location"] == "/account/reauthenticate/?next=%2Flink%2Fconfirm"
    row.refresh_from_db()
    assert row.used_at is None
    assert not AccountLink.objects.exists()


def test_a_sign_in_of_fourteen_minutes_ago_is_recent(browser: Browser) -> None:
    type_code(browser)
    grow_old(browser, timedelta(minutes=14, seconds=50))

    assert browser.get("/link/confirm").status_code == 200


def test_the_password_leads_back_to_the_page_and_nothing_is_confirmed_by_it(browser: Browser) -> None:
    type_code(browser)
    grow_old(browser, timedelta(hours=1))
    asked = browser.post("/link/confirm", {"decision": "link"})

    again = browser.post(asked["Location"], {"password": PASSWORD}, follow=True)

    assert again.redirect_chain[-1] == ("/link/confirm", 302)
    assert "Link account" in text_of(again)
    assert not AccountLink.objects.exists()
    browser.post("/link/confirm", {"decision": "link"})
    assert AccountLink.objects.count() == 1


def test_a_wrong_password_does_not_make_the_sign_in_recent(browser: Browser) -> None:
    type_code(browser)
    grow_old(browser, timedelta(hours=1))

    browser.post("/account/reauthenticate/?next=/link/confirm", {"password": "wrong"})

    assert browser.get("/link/confirm").status_code == 302


def test_a_sign_in_in_another_browser_does_not_make_this_one_recent(browser: Browser, account: User) -> None:
    type_code(browser)
    grow_old(browser, timedelta(hours=1))

    Browser().post("/account/login/", {"login": account.email, "password": PASSWORD})

    account.refresh_from_db()
    assert account.last_login is not None
    assert browser.get("/link/confirm").status_code == 302


def test_a_session_without_any_record_is_as_old_as_the_account(browser: Browser) -> None:
    type_code(browser)
    User.objects.update(date_joined=timezone.now() - timedelta(minutes=16))

    assert browser.get("/link/confirm").status_code == 302


def test_an_account_without_a_password_is_asked_too(browser: Browser, account: User) -> None:
    type_code(browser)
    account.set_unusable_password()
    account.save()
    browser.force_login(account)
    browser.get("/")
    grow_old(browser, timedelta(minutes=16))
    row, code = make_linking_code()
    browser.post("/link", {"code": code})

    response = browser.post("/link/confirm", {"decision": "link"})

    assert response["Location"] == "/account/reauthenticate/by-code/?next=%2Flink%2Fconfirm"
    row.refresh_from_db()
    assert row.used_at is None


@pytest.mark.django_db(transaction=True)
def test_an_account_without_a_password_signs_in_again_by_code_and_confirms() -> None:
    account = make_user()
    account.set_unusable_password()
    account.save()
    browser = signed_in(account)
    grow_old(browser, timedelta(days=3))

    asked = browser.get("/link", follow=True)
    signed_out = browser.post("/account/logout/", {"next": asked.context["by_code_url"]})
    browser.post(signed_out["Location"], {"email": account.email, "next": "/link"})
    sent = code_in(mail.outbox[-1])
    back = browser.post("/account/login/code/confirm/?next=/link", {"code": sent, "next": "/link"})
    type_code(browser)
    browser.post("/link/confirm", {"decision": "link"})

    assert back["Location"] == "/link"
    assert AccountLink.objects.get().account == account
