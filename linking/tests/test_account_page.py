"""`/account/`: what acts for the account, and how to end it."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AuditEntry, User
from accounts.tests.builders import make_user
from linking.audit import LinkingAction
from linking.models import AccountLink
from linking.tests.builders import make_link
from oauth.audit import OAuthAction
from oauth.models import Client, ConnectorSession
from oauth.tests.builders import make_client, make_session

pytestmark = pytest.mark.django_db


@pytest.fixture
def account() -> User:
    """Ada."""
    return make_user()


@pytest.fixture
def browser(account: User) -> Browser:
    """A browser in which Ada is signed in."""
    browser = Browser()
    browser.force_login(account)
    return browser


def text_of(response: Any) -> str:
    """The page."""
    return str(response.content.decode())


def end(browser: Browser, session: ConnectorSession) -> Any:
    """Press *End connection*."""
    return browser.post(f"/account/connections/{session.pk}/end")


def unlink(browser: Browser, link: AccountLink) -> Any:
    """Press *Unlink*."""
    return browser.post(f"/account/links/{link.pk}/unlink")


def test_whoever_is_not_signed_in_is_sent_to_sign_in_and_back() -> None:
    session = make_session()

    assert Browser().get("/account/")["Location"] == "/account/login/?next=/account/"
    assert end(Browser(), session)["Location"] == "/account/login/?next=/account/"
    session.refresh_from_db()
    assert session.is_live()


def test_an_account_without_connections_is_told_what_to_do_next(browser: Browser) -> None:
    page = text_of(browser.get("/account/"))

    assert "No assistant acts for your account yet." in page
    assert '<a href="/">' in page
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
    assert '<span class="badge badge-verified">chatgpt.com</span>' in page
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
    assert "No assistant acts for your account yet." in page


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


def test_ending_an_own_connection(browser: Browser, account: User) -> None:
    session = make_session(user=account)

    response = browser.post(f"/account/connections/{session.pk}/end", follow=True)

    assert response.redirect_chain == [("/account/", 302)]
    assert "The connection has ended." in text_of(response)
    session.refresh_from_db()
    assert session.end_reason == "user"
    assert AuditEntry.objects.get(action=OAuthAction.SESSION_ENDED).actor == account


def test_ending_a_linked_connection_leaves_the_link(browser: Browser, account: User) -> None:
    link = make_link(account=account)
    assert link.session is not None

    end(browser, link.session)

    link.session.refresh_from_db()
    assert link.session.end_reason == "user"
    assert AccountLink.objects.get() == link


def test_ending_twice_is_once(browser: Browser, account: User) -> None:
    session = make_session(user=account)
    end(browser, session)

    assert end(browser, session).status_code == 302
    assert AuditEntry.objects.filter(action=OAuthAction.SESSION_ENDED).count() == 1


def test_somebody_elses_connection_is_answered_as_one_that_does_not_exist(browser: Browser) -> None:
    sessions = [
        make_session(),
        make_session(user=make_user("grace@example.com")),
        make_link(account=make_user("mary@example.com")).session,
    ]

    missing = browser.post(f"/account/connections/{uuid.uuid4()}/end")

    for session in sessions:
        assert session is not None
        response = end(browser, session)
        # The foot of the page has the path, to come back to it in another language.
        assert response.status_code == missing.status_code == 404
        assert response.content.partition(b"<footer")[0] == missing.content.partition(b"<footer")[0]
        session.refresh_from_db()
        assert session.is_live()
    assert not AuditEntry.objects.filter(action=OAuthAction.SESSION_ENDED).exists()


def test_unlinking_leaves_the_connection_which_acts_for_nobody(browser: Browser, account: User) -> None:
    link = make_link(account=account)

    response = browser.post(f"/account/links/{link.pk}/unlink", follow=True)

    assert "Unlinked." in text_of(response)
    assert not AccountLink.objects.exists()
    assert link.session is not None
    link.session.refresh_from_db()
    assert link.session.is_live()
    audited = AuditEntry.objects.get(action=LinkingAction.LINK_REMOVED)
    assert (audited.actor, audited.account) == (account, account)


def test_somebody_elses_link_is_answered_as_one_that_does_not_exist(browser: Browser) -> None:
    link = make_link(account=make_user("grace@example.com"))

    assert unlink(browser, link).status_code == 404
    assert browser.post(f"/account/links/{uuid.uuid4()}/unlink").status_code == 404
    assert AccountLink.objects.get() == link


def test_unlinking_and_ending_need_a_post_with_a_csrf_token(account: User) -> None:
    link = make_link(account=account)
    assert link.session is not None
    browser = Browser(enforce_csrf_checks=True)
    browser.force_login(account)

    assert end(browser, link.session).status_code == 403
    assert unlink(browser, link).status_code == 403
    assert browser.get(f"/account/connections/{link.session.pk}/end").status_code == 405
    assert browser.get(f"/account/links/{link.pk}/unlink").status_code == 405

    link.session.refresh_from_db()
    assert link.session.is_live()
    assert AccountLink.objects.get() == link


# --- Ending them all --------------------------------------------------------------------------------------------------

END_ALL = "/account/connections/end-all"


def test_ending_all_ends_own_and_linked_connections_and_nobody_elses(browser: Browser, account: User) -> None:
    link = make_link(account=account)
    mine = [make_session(user=account), make_session(user=account), link.session]
    others = [
        make_session(),
        make_session(user=make_user("grace@example.com")),
        make_link(account=make_user("mary@example.com")).session,
    ]

    response = browser.post(END_ALL, follow=True)

    assert "3 connections have ended." in text_of(response)
    assert "No assistant acts for your account yet." in text_of(response)
    for session in mine:
        assert session is not None
        session.refresh_from_db()
        assert session.end_reason == "user"
    for session in others:
        assert session is not None
        session.refresh_from_db()
        assert session.is_live()
    # The link stays: what the same browser connects next acts for the account, as the page says.
    assert AccountLink.objects.filter(account=account).get() == link
    rows = AuditEntry.objects.filter(action=OAuthAction.SESSION_ENDED)
    assert {(row.session_id, row.actor, row.account, row.reason, row.address) for row in rows} == {
        (session.pk, account, account, "user", "127.0.0.1") for session in mine if session
    }


def test_ending_all_twice_is_once(browser: Browser, account: User) -> None:
    make_session(user=account)
    browser.post(END_ALL)

    assert "0 connections have ended." in text_of(browser.post(END_ALL, follow=True))
    assert AuditEntry.objects.filter(action=OAuthAction.SESSION_ENDED).count() == 1


def test_all_are_offered_to_end_where_there_is_more_than_one(browser: Browser, account: User) -> None:
    make_session(user=account)
    one = text_of(browser.get("/account/"))
    make_session(user=account)
    two = text_of(browser.get("/account/"))

    assert "End all connections" not in one
    assert two.count(">End all connections</button>") == 1


def test_ending_all_needs_a_sign_in_and_a_post_with_a_csrf_token(account: User) -> None:
    session = make_session(user=account)
    forged = Browser(enforce_csrf_checks=True)
    forged.force_login(account)

    assert forged.post(END_ALL).status_code == 403
    assert forged.get(END_ALL).status_code == 405
    assert Browser().post(END_ALL)["Location"] == "/account/login/?next=/account/"

    session.refresh_from_db()
    assert session.is_live()
    assert not AuditEntry.objects.filter(action=OAuthAction.SESSION_ENDED).exists()


# --- What the page asks for while it waits ----------------------------------------------------------------------------


def state_of(browser: Browser) -> str:
    """What the page's script is told."""
    return str(browser.get("/account/state").json()["state"])


def test_the_state_changes_with_what_the_page_shows_and_with_nothing_else(browser: Browser, account: User) -> None:
    seen = [state_of(browser)]

    def note() -> None:
        assert state_of(browser) == state_of(browser)
        seen.append(state_of(browser))

    session = make_session(user=account)
    note()
    ConnectorSession.objects.filter(pk=session.pk).update(last_used_at=timezone.now())
    note()
    link = make_link(account=account)
    note()
    unlink(browser, link)
    note()
    end(browser, session)

    assert len(set(seen)) >= 4 and seen[1:4] == list(dict.fromkeys(seen[1:4]))
    assert state_of(browser) == seen[0]
    make_session()
    make_link(account=make_user("grace@example.com"))
    assert state_of(browser) == seen[0]


def test_the_state_is_on_the_page_and_says_nothing_of_what_it_is(browser: Browser, account: User) -> None:
    session = make_session(user=account, client=make_client(name="Cursor"))

    response = browser.get("/account/state")

    state = response.json()["state"]
    assert response.json().keys() == {"state"} and len(state) == 16
    assert f'data-state="{state}"' in text_of(browser.get("/account/"))
    assert str(session.pk) not in response.content.decode()
    assert "no-store" in response["Cache-Control"]


def test_the_state_is_for_whoever_is_signed_in(account: User) -> None:
    make_session(user=account)

    response = Browser().get("/account/state")

    assert response["Location"] == "/account/login/?next=/account/"
    assert b"state" not in response.content
