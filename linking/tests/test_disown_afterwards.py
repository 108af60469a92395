"""`/link/disown` when the link is gone, or another stands in its place (design §7, afterwards)."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.conf import settings
from django.test import Client as Browser

from accounts.models import AuditEntry, User
from accounts.tests.builders import make_user
from linking.audit import LinkingAction
from linking.disowning import disown_url
from linking.models import AccountLink
from linking.services import remove_link
from linking.tests.builders import make_link
from oauth.audit import OAuthAction
from oauth.models import ConnectorSession
from oauth.services import end_session
from oauth.tests.builders import make_client, make_session

pytestmark = pytest.mark.django_db


def path_of(link: AccountLink) -> str:
    """The path and query of the address in the mail."""
    return disown_url(link).removeprefix(settings.DEXTER_PUBLIC_URL)


def unlinked(account: User | None = None) -> tuple[AccountLink, ConnectorSession]:
    """A link that the assistant has taken away itself, and its connection, which goes on."""
    link = make_link(account)
    session = link.session
    assert session is not None
    assert remove_link(link=AccountLink.objects.get(pk=link.pk), actor=link.user)
    return link, session


def link_again(link: AccountLink, session: ConnectorSession) -> AccountLink:
    """The same parties, linked anew."""
    return make_link(link.account, session)


def disowned() -> list[str]:
    """The links that audit rows call disowned."""
    rows = AuditEntry.objects.filter(action=LinkingAction.LINK_DISOWNED)
    return [row.detail["link"] for row in rows]


def fields_of(page: Any) -> dict[str, str]:
    """What the form of a page sends."""
    return dict(re.findall(r'<input type="hidden" name="(shown)" value="([^"]*)">', page.content.decode()))


def assert_undone(session: ConnectorSession) -> None:
    session.refresh_from_db()
    session.client.refresh_from_db()
    assert session.end_reason == "disowned"
    assert session.client.flagged_at is not None


def assert_untouched(session: ConnectorSession) -> None:
    session.refresh_from_db()
    session.client.refresh_from_db()
    assert session.is_live()
    assert session.client.flagged_at is None
    assert disowned() == []


def test_a_link_that_the_assistant_took_away_is_disowned_all_the_same() -> None:
    link, session = unlinked()

    response = Browser().post(path_of(link), follow=True)

    assert "The link is gone" in response.content.decode()
    assert_undone(session)
    row = AuditEntry.objects.get(action=LinkingAction.LINK_DISOWNED)
    assert (row.account, row.actor, row.session_id) == (link.account, None, session.pk)
    assert (row.client_id, row.detail["subject"]) == (session.client.client_id, link.user.subject)


def test_looking_says_that_it_is_unlinked_and_changes_nothing() -> None:
    link, session = unlinked()

    page = Browser().get(path_of(link)).content.decode()

    assert "It is unlinked already" in page
    assert "Example Assistant" in page
    assert "a***@example.com" in page
    assert page.partition("</main>")[0].count("<button") == 1
    assert_untouched(session)


def test_the_account_is_named_when_it_is_signed_in_and_nobody_else_is() -> None:
    link, _ = unlinked()
    browser = Browser()
    browser.force_login(link.account)
    other, _ = unlinked(make_user("bob@example.com"))

    browser.post(path_of(link))
    browser.post(path_of(other))

    rows = AuditEntry.objects.filter(action=LinkingAction.LINK_DISOWNED).order_by("created_at")
    assert [row.actor for row in rows] == [link.account, None]


def test_it_is_done_once() -> None:
    link, _ = unlinked()
    Browser().post(path_of(link))

    again = Browser().post(path_of(link), follow=True)

    assert "The link is gone" in again.content.decode()
    assert disowned() == [str(link.pk)]
    assert AuditEntry.objects.filter(action=OAuthAction.CLIENT_FLAGGED).count() == 1


def test_a_connection_that_has_ended_is_reported_too() -> None:
    """The stranger's assistant may disconnect as well, before anybody reads the mail."""
    link, session = unlinked()
    end_session(session=session, reason=ConnectorSession.EndReason.CLIENT)

    Browser().post(path_of(link))

    session.client.refresh_from_db()
    assert session.client.flagged_at is not None
    assert disowned() == [str(link.pk)]


def test_a_connection_of_which_nothing_is_kept_leaves_nothing_to_do() -> None:
    link, session = unlinked()
    session.delete()

    assert "The link is gone" in Browser().post(path_of(link), follow=True).content.decode()
    assert disowned() == []


def test_the_account_may_be_gone() -> None:
    link, session = unlinked()
    path = path_of(link)
    link.account.delete()

    assert Browser().get(path).status_code == 200
    Browser().post(path)

    assert_undone(session)


# --- Another link stands there ----------------------------------------------------------------------------------------


def test_a_link_made_anew_is_shown_before_the_old_address_undoes_it() -> None:
    """The person unlinked, then linked the same assistant again, and presses an old button."""
    link, session = unlinked()
    old_page = Browser().get(path_of(link))
    newer = link_again(link, session)

    response = Browser().post(path_of(link), fields_of(old_page))

    assert response.status_code == 409
    assert "linked again at the time above" in response.content.decode()
    assert AccountLink.objects.get() == newer
    assert_untouched(session)

    Browser().post(path_of(link), fields_of(response))

    assert not AccountLink.objects.exists()
    assert_undone(session)
    assert sorted(disowned()) == sorted([str(link.pk), str(newer.pk)])


@pytest.mark.parametrize("shown", ["", "x", "\x00", "11111111-1111-4111-8111-111111111111"])
def test_only_the_link_that_was_shown_is_undone(shown: str) -> None:
    link, session = unlinked()
    newer = link_again(link, session)

    assert Browser().post(path_of(link), {"shown": shown}).status_code == 409

    assert AccountLink.objects.get() == newer
    assert_untouched(session)


def test_an_address_that_was_used_has_no_power_over_later_links() -> None:
    """The guest comes back with another connection, and this time it is the person."""
    link, _ = unlinked()
    Browser().post(path_of(link))
    second = make_session(user=link.user, client=make_client(name="Mine"))
    newer = link_again(link, second)

    for data in ({}, {"shown": str(newer.pk)}):
        Browser().post(path_of(link), data)

    assert AccountLink.objects.get() == newer
    second.refresh_from_db()
    assert second.is_live()


def test_a_connection_that_acts_for_somebody_else_by_now_is_reported_and_goes_on() -> None:
    """One address undoes nothing of another account."""
    link, session = unlinked()
    of_another = make_link(make_user("bob@example.com"), session)

    page = Browser().get(path_of(link)).content.decode()
    Browser().post(path_of(link))

    assert "b***@example.com" not in page
    assert AccountLink.objects.get() == of_another
    session.refresh_from_db()
    session.client.refresh_from_db()
    assert session.is_live()
    assert session.client.flagged_at is not None
