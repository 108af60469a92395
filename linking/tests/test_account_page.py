"""`/account/`: what acts for the account, and how to end it."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AuditEntry, User
from accounts.tests.builders import make_user
from linking.audit import LinkingAction
from linking.models import AccountLink
from linking.tests.browsing import end, text_of, unlink
from linking.tests.builders import make_link
from oauth.audit import OAuthAction
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

    assert "No assistant acts for your account yet." in page
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
    assert browser.get(f"/account/connections/{link.session.pk}/end")["Location"] == "/account/"
    assert browser.get(f"/account/links/{link.pk}/unlink")["Location"] == "/account/"

    link.session.refresh_from_db()
    assert link.session.is_live()
    assert AccountLink.objects.get() == link


def test_a_link_whose_connection_has_ended_still_says_which_assistant_it_was(browser: Browser, account: User) -> None:
    ended = make_session(client=make_client(name="Gone Helper"), ended_at=timezone.now(), end_reason="client")
    make_link(account, ended)

    assert "Gone Helper, not connected any more" in text_of(browser.get("/account/"))
