"""Unlinking, and "this wasn't me" (design §7, afterwards; §8, `unlink_dexter_account`)."""

from __future__ import annotations

import pytest

from accounts.models import AuditEntry
from accounts.tests.builders import make_user
from linking.audit import LinkingAction
from linking.errors import NotLinked
from linking.models import AccountLink
from linking.services import disown_link, remove_link, unlink_identity
from linking.tests.builders import make_link, make_principal
from oauth.audit import OAuthAction
from oauth.tests.builders import make_session

pytestmark = pytest.mark.django_db


def test_an_assistant_unlinks_its_identity_and_stays_connected() -> None:
    link = make_link()
    principal = make_principal(link.session)

    ended = unlink_identity(principal=principal)

    assert not ended
    assert not AccountLink.objects.exists()
    assert make_principal(link.session).account is None
    audited = AuditEntry.objects.get(action=LinkingAction.LINK_REMOVED)
    assert (audited.actor, audited.account, audited.session_id) == (link.user, link.account, principal.session.pk)


def test_an_assistant_of_a_signed_in_person_ends_its_session() -> None:
    session = make_session(user=make_user())

    ended = unlink_identity(principal=make_principal(session))

    session.refresh_from_db()
    assert ended
    assert (session.is_live(), session.end_reason) == (False, "unlinked")
    assert AuditEntry.objects.filter(action=OAuthAction.SESSION_ENDED).count() == 1


def test_an_assistant_that_acts_for_nobody_has_nothing_to_unlink() -> None:
    with pytest.raises(NotLinked):
        unlink_identity(principal=make_principal())

    assert not AuditEntry.objects.filter(action=LinkingAction.LINK_REMOVED).exists()


def test_an_assistant_cannot_unlink_another_identity() -> None:
    link = make_link()

    with pytest.raises(NotLinked):
        unlink_identity(principal=make_principal())

    assert AccountLink.objects.get() == link


def test_a_link_is_removed_once() -> None:
    link = make_link()
    copy = AccountLink.objects.get()

    assert remove_link(link=link, actor=link.account)
    assert not remove_link(link=copy, actor=link.account)

    assert AuditEntry.objects.filter(action=LinkingAction.LINK_REMOVED).count() == 1


def test_disowning_unlinks_ends_the_session_and_reports_the_client() -> None:
    link = make_link()
    session = link.session
    assert session is not None

    assert disown_link(link=link, actor=None, address="203.0.113.7")

    session.refresh_from_db()
    session.client.refresh_from_db()
    assert not AccountLink.objects.exists()
    assert session.end_reason == "disowned"
    assert session.client.flagged_at is not None
    audited = AuditEntry.objects.get(action=LinkingAction.LINK_DISOWNED)
    assert (audited.actor, audited.account, audited.address) == (None, link.account, "203.0.113.7")


def test_disowning_works_when_the_session_is_gone() -> None:
    link = make_link()
    assert link.session is not None
    link.session.delete()

    assert disown_link(link=AccountLink.objects.get(), actor=link.account)

    assert not AccountLink.objects.exists()


def test_disowning_twice_is_once() -> None:
    link = make_link()
    copy = AccountLink.objects.get()
    disown_link(link=link, actor=None)

    assert not disown_link(link=copy, actor=None)

    assert AuditEntry.objects.filter(action=LinkingAction.LINK_DISOWNED).count() == 1
