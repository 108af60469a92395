"""Confirming and declining (design §7: lives, already linked elsewhere, afterwards)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from accounts.models import AuditEntry, User
from accounts.tests.builders import make_guest, make_user
from accounts.tests.mails import as_read
from linking.audit import LinkingAction
from linking.errors import AccountRequired, CodeRefused, LinkRefused
from linking.models import AccountLink, LinkingCode
from linking.services import confirm_link, decline_link, remove_link
from linking.tests.builders import make_link, make_linking_code, make_principal
from linking.tests.guessing import DEAD
from oauth.bearer import resolve_bearer_token
from oauth.models import Client
from oauth.tests.builders import make_access_token, make_client, make_session

pytestmark = pytest.mark.django_db

ADDRESS = "203.0.113.7"


def confirm(account: User, code: LinkingCode) -> AccountLink:
    """Confirm `code` for `account`."""
    return confirm_link(account=account, code_id=code.pk, address=ADDRESS)


def assert_nothing_was_linked(code: LinkingCode, *, reason: str) -> None:
    """No link, no consumed code, no mail; one audit row that says why."""
    was_used = code.used_at
    code.refresh_from_db()
    assert not AccountLink.objects.filter(user=code.user).exists()
    assert code.used_at == was_used
    assert not mail.outbox
    assert AuditEntry.objects.get(action=LinkingAction.LINK_REFUSED).reason == reason


def test_the_identity_acts_for_the_account_with_the_same_token() -> None:
    session = make_session()
    _, token = make_access_token(session)
    code, _ = make_linking_code(session)
    account = make_user()
    before = resolve_bearer_token(token, resource=session.resource)

    link = confirm(account, code)

    after = resolve_bearer_token(token, resource=session.resource)
    assert (before.account, after.account) == (None, account)
    assert (after.subject, after.link_initiated_by, after.linked_at) == (before.subject, "mcp", link.linked_at)
    assert (link.user, link.account, link.session, link.issuer) == (session.user, account, session, session.issuer)


def test_the_code_is_consumed_and_the_link_is_audited() -> None:
    session = make_session()
    code, _ = make_linking_code(session)
    account = make_user()

    link = confirm(account, code)

    code.refresh_from_db()
    assert code.used_at is not None
    audited = AuditEntry.objects.get(action=LinkingAction.LINK_CONFIRMED)
    assert (audited.actor, audited.account, audited.address) == (account, account, ADDRESS)
    assert (audited.session_id, audited.client_id) == (session.pk, session.client.client_id)
    assert audited.detail == {"link": str(link.pk), "subject": code.user.subject}


def test_every_session_of_the_identity_acts_for_the_account() -> None:
    code, _ = make_linking_code()
    another = make_session(user=code.user)
    account = make_user()

    confirm(account, code)

    assert make_principal(another).account == account


def test_a_code_that_was_used_is_refused() -> None:
    code, _ = make_linking_code()
    account = make_user()
    confirm(account, code)

    with pytest.raises(CodeRefused) as refused:
        confirm(account, code)

    assert refused.value.reason == "used"
    assert AccountLink.objects.count() == 1


def test_the_second_of_two_copies_of_a_code_is_refused() -> None:
    code, _ = make_linking_code()
    copy = LinkingCode.objects.get(pk=code.pk)
    first, second = make_user(), make_user("second@example.com")
    confirm(first, code)

    with pytest.raises(CodeRefused):
        confirm(second, copy)

    assert AccountLink.objects.get().account == first


def test_a_code_that_a_faster_process_consumed_after_it_was_read_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    code, _ = make_linking_code()

    def read_then_lose(code_id: uuid.UUID) -> LinkingCode:
        row = LinkingCode.objects.with_connection().get(pk=code_id)
        LinkingCode.objects.filter(pk=code_id).update(used_at=timezone.now())
        return row

    monkeypatch.setattr("linking.services.links._lock_code", read_then_lose)

    with pytest.raises(CodeRefused) as refused:
        confirm(make_user(), code)

    assert refused.value.reason == "used"
    assert not AccountLink.objects.exists()


@pytest.mark.parametrize("kill", DEAD)
def test_a_code_that_died_between_the_pages_is_refused(kill: Callable[[LinkingCode], None]) -> None:
    code, _ = make_linking_code()
    account = make_user()
    kill(code)
    code.refresh_from_db()

    with pytest.raises(CodeRefused) as refused:
        confirm(account, code)

    assert refused.value.reason == kill.__name__
    assert_nothing_was_linked(code, reason=kill.__name__)


def test_a_code_that_does_not_exist_is_refused() -> None:
    with pytest.raises(CodeRefused):
        confirm_link(account=make_user(), code_id=uuid.uuid4(), address=None)

    assert not AccountLink.objects.exists()


@pytest.mark.parametrize("account", [make_guest, lambda: make_user(is_active=False)])
def test_guests_and_inactive_accounts_link_nothing(account: Callable[[], User]) -> None:
    code, _ = make_linking_code()

    with pytest.raises(AccountRequired):
        confirm(account(), code)

    assert_nothing_was_linked(code, reason="guest_or_inactive")


def test_an_account_that_staff_deactivated_a_moment_ago_links_nothing() -> None:
    code, _ = make_linking_code()
    account = make_user()
    User.objects.filter(pk=account.pk).update(is_active=False)

    with pytest.raises(AccountRequired):
        confirm(account, code)

    assert_nothing_was_linked(code, reason="guest_or_inactive")


def test_an_account_cannot_be_linked_to_itself() -> None:
    account = make_user()
    code, _ = make_linking_code(make_session(user=account))

    with pytest.raises(LinkRefused):
        confirm(account, code)

    assert_nothing_was_linked(code, reason="linked_to_itself")


def test_a_link_to_somebody_else_is_not_moved_and_only_staff_see_whose_it_is() -> None:
    session = make_session()
    owner = make_user("owner@example.com")
    link = make_link(account=owner, session=session)
    code, _ = make_linking_code(session)

    with pytest.raises(LinkRefused) as refused:
        confirm(make_user(), code)

    assert AccountLink.objects.get().account == owner
    code.refresh_from_db()
    assert code.used_at is None
    assert "owner" not in str(refused.value.description)
    audited = AuditEntry.objects.get(action=LinkingAction.LINK_REFUSED)
    assert audited.reason == "linked_already"
    assert audited.detail == {"link": str(link.pk), "linked_to": owner.subject}
    assert not mail.outbox


def test_a_link_that_another_process_makes_meanwhile_is_not_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    code, _ = make_linking_code()
    owner = make_user("owner@example.com")

    def read_then_lose(code_id: uuid.UUID) -> LinkingCode:
        return LinkingCode.objects.with_connection().get(pk=code_id)

    monkeypatch.setattr("linking.services.links._lock_code", read_then_lose)
    monkeypatch.setattr(type(AccountLink.objects.all()), "exists", lambda rows: False)
    make_link(account=owner, session=code.session)

    with pytest.raises(LinkRefused):
        confirm(make_user(), code)

    assert AccountLink.objects.get().account == owner
    code.refresh_from_db()
    assert code.used_at is None


def test_a_link_under_an_old_issuer_makes_room_for_a_new_one() -> None:
    code, _ = make_linking_code()
    make_link(account=make_user("old@example.com"), session=code.session, issuer="https://old.example.com/mcp")
    account = make_user()

    confirm(account, code)

    assert AccountLink.objects.get().account == account


def test_an_unlinked_identity_can_be_linked_again() -> None:
    code, _ = make_linking_code()
    account = make_user()
    remove_link(link=confirm(account, code), actor=account)
    again, _ = make_linking_code(code.session)

    assert confirm(account, again)


def test_one_account_may_have_many_identities() -> None:
    account = make_user()
    for _ in range(3):
        code, _ = make_linking_code()
        confirm(account, code)

    assert AccountLink.objects.filter(account=account).count() == 3


def test_the_person_is_told_by_mail_with_a_way_to_undo_it(
    django_capture_on_commit_callbacks: Callable[..., object],
) -> None:
    client = make_client(
        name="Ada <b>& Co</b>",
        client_id="https://assistant.example.com/client.json",
        registration_source=Client.RegistrationSource.CIMD,
    )
    code, shown = make_linking_code(make_session(client=client))
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[attr-defined]
        confirm(make_user(), code)

    [message] = mail.outbox
    assert message.to == ["ada@example.com"]
    assert message.subject == "An assistant was linked to your Dexter account"
    assert "Ada <b>& Co</b>" in message.body
    assert "assistant.example.com" in as_read(str(message.body))
    assert "http://localhost:8000/link/disown?token=" in message.body
    assert "http://localhost:8000/account/" in message.body
    assert shown not in message.body


def test_declining_ends_the_code() -> None:
    code, _ = make_linking_code()
    account = make_user()

    assert decline_link(account=account, code_id=code.pk, address=ADDRESS)

    code.refresh_from_db()
    assert code.ended_at is not None
    with pytest.raises(CodeRefused):
        confirm(account, code)
    audited = AuditEntry.objects.get(action=LinkingAction.CODE_DECLINED)
    assert (audited.account, audited.session_id, audited.address) == (account, code.session_id, ADDRESS)


def test_declining_what_has_ended_changes_nothing() -> None:
    code, _ = make_linking_code(expires_at=timezone.now() - timedelta(seconds=1))
    account = make_user()

    assert not decline_link(account=account, code_id=code.pk, address=ADDRESS)
    assert not decline_link(account=account, code_id=uuid.uuid4(), address=ADDRESS)

    code.refresh_from_db()
    assert code.ended_at is None
    assert not AuditEntry.objects.filter(action=LinkingAction.CODE_DECLINED).exists()
