"""`/account/`: what acts for the account, and how to end it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from accounts.tests.builders import make_user
from linking.tests.browsing import end, text_of
from linking.tests.builders import make_link
from oauth.models import Client
from oauth.tests.builders import make_client, make_session

pytestmark = pytest.mark.django_db


def test_whoever_is_not_signed_in_is_sent_to_sign_in_and_back() -> None:
    session = make_session()

    assert Browser().get("/account/")["Location"] == "/account/login/?next=/account/"
    assert end(Browser(), session)["Location"] == "/account/login/?next=/account/"
    session.refresh_from_db()
    assert session.is_live()


def test_an_account_without_connections_is_told_what_to_do_next(browser: Browser) -> None:
    page = text_of(browser.get("/account/"))

    assert "No assistant acts for your account now." in page
    assert 'href="/connect"' in page
    assert '<a href="/link">' in page
    assert "End connection" not in page
    assert "Unlink" not in page


def test_own_and_linked_connections_are_shown_with_all_that_is_known(browser: Browser, account: User) -> None:
    verified = make_client(
        name="ChatGPT", client_id="https://chatgpt.com/c.json", registration_source=Client.RegistrationSource.CIMD
    )
    make_session(
        user=account,
        client=verified,
        redirect_uri="https://answers.example.com/callback",
        last_used_at=timezone.now() - timedelta(days=400),
    )
    make_link(account=account, session=make_session(client=make_client(name="Cursor")))

    page = text_of(browser.get("/account/"))

    assert "ChatGPT" in page
    assert '<span class="badge badge-verified">verified: chatgpt.com</span>' in page
    assert "answers.example.com" in page
    assert str((timezone.now() - timedelta(days=400)).year) in page
    assert "you signed in while connecting it" in page
    assert "Cursor" in page
    assert '<span class="badge badge-unverified">not verified</span>' in page
    assert "you linked it with a code on" in page
    assert page.count(">End connection</button>") == 2
    assert page.count(">Unlink</button>") == 1


def test_what_has_ended_or_is_somebody_elses_is_not_shown(browser: Browser, account: User) -> None:
    make_session(user=account, client=make_client(name="Ended"), ended_at=timezone.now(), end_reason="user")
    make_session(user=account, client=make_client(name="Expired"), expires_at=timezone.now())
    make_session(user=account, client=make_client(name="Old issuer"), issuer="https://old.example.com/mcp")
    make_session(client=make_client(name="Guest"))
    make_link(account=make_user("grace@example.com"), session=make_session(client=make_client(name="Stranger")))

    page = text_of(browser.get("/account/"))

    for name in ("Ended", "Expired", "Old issuer", "Guest", "Stranger"):
        assert name not in page
    assert "No assistant acts for your account now." in page


@pytest.mark.parametrize("path", ["activity/", "profile/", "security/", "browsers/", "data/", "logout/"])
def test_the_page_leads_to_the_rest_of_the_account(browser: Browser, path: str) -> None:
    assert f'href="/account/{path}"' in text_of(browser.get("/account/"))
    assert browser.get(f"/account/{path}").status_code == 200


def test_many_connections_cost_no_more_queries_than_one(browser: Browser, account: User) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            browser.get("/account/")
        return len(queries)

    make_session(user=account)
    make_link(account=account)
    # The first page of a browser notes it.
    count()
    few = count()
    for _ in range(5):
        make_session(user=account)
        make_link(account=account)

    assert count() == few


def test_a_connection_says_how_it_came_to_act_for_the_account(browser: Browser, account: User) -> None:
    """One that nobody linked is told apart: it may be a stranger's, in whose browser something was linked once."""
    linked = make_link(account=account).session
    assert linked is not None
    make_session(user=linked.user, client=make_client(name="Came later"))

    page = text_of(browser.get("/account/"))

    reason = page.partition("Came later")[2].partition("Acts for you because")[2].partition("</dd>")[0]
    assert "it was connected, without signing in, in the browser that you linked on" in reason
    assert page.count("you linked it with a code on") == 1 and "you signed in while" not in page


def test_whoever_has_scripts_is_not_told_what_to_do_without(browser: Browser) -> None:
    page = text_of(browser.get("/account/"))

    assert "<noscript> Without JavaScript, reload it to see what is new.</noscript>" in page
    assert page.count("Without JavaScript") == 1


def test_a_link_whose_connection_has_ended_still_says_which_assistant_it_was(browser: Browser, account: User) -> None:
    ended = make_session(client=make_client(name="Gone Helper"), ended_at=timezone.now(), end_reason="client")
    make_link(account, ended)

    assert "Gone Helper, not connected any more" in text_of(browser.get("/account/"))
