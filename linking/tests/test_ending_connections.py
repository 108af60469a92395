"""*End connection* and *Unlink* on `/account/`: what they say is so afterwards."""

from __future__ import annotations

import uuid

import pytest
from django.db import transaction
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import AuditEntry, User
from accounts.tests.builders import make_user
from linking.audit import LinkingAction
from linking.models import AccountLink
from linking.services import end_connection
from linking.tests.browsing import end, text_of, unlink
from linking.tests.builders import make_link, make_principal
from oauth.audit import OAuthAction
from oauth.models import ConnectorSession
from oauth.tests.builders import make_session
from oauth.tests.threads import in_thread, wait_until_somebody_waits

pytestmark = pytest.mark.django_db

GONE = "There is no such connection on your account."


def linked_session(account: User) -> ConnectorSession:
    """A guest's connection that was linked to `account`."""
    session = make_session()
    make_link(account, session)
    return session


def assert_ended(session: ConnectorSession) -> None:
    session.refresh_from_db()
    assert session.end_reason == "user"


def test_ending_an_own_connection(browser: Browser, account: User) -> None:
    session = make_session(user=account)

    response = browser.post(f"/account/connections/{session.pk}/end", follow=True)

    assert response.redirect_chain == [("/account/", 302)]
    assert "The connection has ended. The assistant can do nothing more here." in text_of(response)
    assert_ended(session)
    assert AuditEntry.objects.get(action=OAuthAction.SESSION_ENDED).actor == account


def test_with_the_last_connection_of_a_browser_its_link_goes(browser: Browser, account: User) -> None:
    """Whoever wants a stranger out presses this button, and must not read below that the stranger is still linked."""
    session, other = linked_session(account), make_link(account)

    response = browser.post(f"/account/connections/{session.pk}/end", follow=True)

    assert "The connection has ended. The assistant can do nothing more here." in text_of(response)
    assert_ended(session)
    assert AccountLink.objects.get() == other
    assert make_principal(make_session(user=session.user)).account is None
    row = AuditEntry.objects.get(action=LinkingAction.LINK_REMOVED)
    assert (row.actor, row.account, row.session_id, row.address) == (account, account, session.pk, "127.0.0.1")


def test_while_others_of_the_same_browser_act_the_page_says_so_and_leads_to_unlinking(
    browser: Browser, account: User
) -> None:
    session = linked_session(account)
    later = make_session(user=session.user)
    link = AccountLink.objects.get()

    response = browser.post(f"/account/connections/{session.pk}/end", follow=True)

    page = text_of(response)
    assert "others, which still act for you" in page and "nothing more" not in page
    assert f'<a href="#link-{link.pk}">unlink them</a>' in page and f'id="link-{link.pk}"' in page
    assert_ended(session)
    later.refresh_from_db()
    assert later.is_live()
    assert AccountLink.objects.get() == link

    end(browser, later)

    assert not AccountLink.objects.exists()


def test_a_connection_that_ended_by_itself_meanwhile_takes_its_link_along_all_the_same(
    browser: Browser, account: User
) -> None:
    """The person saw it on a page that was out of date, and wanted it gone."""
    session = linked_session(account)
    ConnectorSession.objects.update(ended_at=timezone.now(), end_reason="client")

    end(browser, session)

    assert not AccountLink.objects.exists()
    assert not AuditEntry.objects.filter(action=OAuthAction.SESSION_ENDED).exists()


def test_the_second_of_two_presses_leads_to_the_account_as_well(browser: Browser, account: User) -> None:
    own, linked = make_session(user=account), linked_session(account)
    link = AccountLink.objects.get()
    end(browser, own)
    end(browser, linked)

    for again in (end(browser, own), end(browser, linked), unlink(browser, link)):
        assert again["Location"] == "/account/"
    assert AuditEntry.objects.filter(action=OAuthAction.SESSION_ENDED).count() == 2
    assert AuditEntry.objects.filter(action=LinkingAction.LINK_REMOVED).count() == 1


def test_somebody_elses_connection_is_answered_as_one_that_does_not_exist(browser: Browser) -> None:
    sessions = [
        make_session(),
        make_session(user=make_user("grace@example.com")),
        linked_session(make_user("mary@example.com")),
    ]

    missing = browser.post(f"/account/connections/{uuid.uuid4()}/end", follow=True)

    assert GONE in text_of(missing)
    for session in sessions:
        response = browser.post(f"/account/connections/{session.pk}/end", follow=True)
        assert (response.redirect_chain, response.status_code) == (missing.redirect_chain, missing.status_code)
        assert GONE in text_of(response) and "has ended" not in text_of(response)
        session.refresh_from_db()
        assert session.is_live()
    assert AccountLink.objects.count() == 1
    assert not AuditEntry.objects.filter(action=OAuthAction.SESSION_ENDED).exists()


def test_unlinking_leaves_the_connection_which_acts_for_nobody(browser: Browser, account: User) -> None:
    link = make_link(account=account)

    response = browser.post(f"/account/links/{link.pk}/unlink", follow=True)

    assert "Unlinked. The assistant stays connected, but it acts for nobody now." in text_of(response)
    assert not AccountLink.objects.exists()
    assert link.session is not None
    link.session.refresh_from_db()
    assert link.session.is_live()
    audited = AuditEntry.objects.get(action=LinkingAction.LINK_REMOVED)
    assert (audited.actor, audited.account) == (account, account)


def test_unlinking_what_is_not_connected_says_nothing_of_a_connection(browser: Browser, account: User) -> None:
    link = make_link(account, make_session(ended_at=timezone.now(), end_reason="client"))

    page = text_of(browser.post(f"/account/links/{link.pk}/unlink", follow=True))

    assert "Unlinked. The assistant was not connected any more." in page
    assert "stays connected" not in page
    assert not AccountLink.objects.exists()


def test_somebody_elses_link_is_answered_as_one_that_does_not_exist(browser: Browser) -> None:
    link = make_link(account=make_user("grace@example.com"))

    for link_id in (link.pk, uuid.uuid4()):
        page = text_of(browser.post(f"/account/links/{link_id}/unlink", follow=True))
        assert GONE in page and "Unlinked" not in page
    assert AccountLink.objects.get() == link
    assert not AuditEntry.objects.filter(action=LinkingAction.LINK_REMOVED).exists()


def test_unlinking_and_ending_need_a_post_with_a_csrf_token(account: User) -> None:
    session = linked_session(account)
    link = AccountLink.objects.get()
    browser = Browser(enforce_csrf_checks=True)
    browser.force_login(account)

    assert end(browser, session).status_code == 403
    assert unlink(browser, link).status_code == 403
    assert browser.get(f"/account/connections/{session.pk}/end")["Location"] == "/account/"
    assert browser.get(f"/account/links/{link.pk}/unlink")["Location"] == "/account/"

    session.refresh_from_db()
    assert session.is_live()
    assert AccountLink.objects.get() == link


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_two_that_are_ended_at_once_one_is_the_last(account: User) -> None:
    """Each would otherwise see the other act, and leave the link."""
    first = linked_session(account)
    second = make_session(user=first.user)

    with transaction.atomic():
        assert end_connection(account=account, session_id=first.pk, address=None) is not None
        ending = in_thread(lambda: end_connection(account=account, session_id=second.pk, address=None))
        wait_until_somebody_waits()

    assert ending.result(20) is None
    assert not AccountLink.objects.exists()
