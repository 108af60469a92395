"""Who is told by e-mail that staff shut an assistant out: whoever it acts for, once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from accounts.tests.builders import make_guest, make_user
from oauth.models import Client
from oauth.services import block_client
from oauth.telling import tell_blocked
from oauth.tests.builders import make_account_link, make_client, make_session

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def staff() -> User:
    """Somebody who looks after the site."""
    return make_user("staff@example.com", is_staff=True)


def test_everybody_it_acts_for_is_told_once(staff: User, mailoutbox: list[Any]) -> None:
    client, ada, grace = make_client(name="Cursor"), make_user(), make_user("grace@example.com")
    guest = make_guest()
    make_account_link(guest, grace)
    for user in (ada, ada, guest):
        make_session(user=user, client=client)

    assert block_client(client=client, actor=staff, blocked=True)

    assert sorted(message.to for message in mailoutbox) == [["ada@example.com"], ["grace@example.com"]]
    message = mailoutbox[0]
    assert message.subject == "Cursor can do nothing for you at Dexter any more"
    assert "The people who run Dexter shut out an assistant that is connected to your account." in message.body
    assert "http://localhost:8000/account/" in message.body
    assert "staff@example.com" not in message.body


def test_nobody_is_told_of_what_did_not_act_for_them(staff: User, mailoutbox: list[Any]) -> None:
    client, ada, now = make_client(), make_user(), timezone.now()
    make_session(client=client)
    make_session(user=ada)
    make_session(user=ada, client=client, connected_at=None)
    make_session(user=ada, client=client, ended_at=now, end_reason="user")
    make_session(user=ada, client=client, expires_at=now - timedelta(days=1))

    block_client(client=client, actor=staff, blocked=True)

    assert not mailoutbox


def test_it_is_told_of_the_block_and_not_of_a_second_click_or_of_the_end_of_it(
    staff: User, mailoutbox: list[Any]
) -> None:
    client = make_session(user=make_user()).client

    for blocked in (True, True, False):
        block_client(client=client, actor=staff, blocked=blocked)

    assert len(mailoutbox) == 1


def test_a_client_that_was_let_in_again_before_the_task_ran_is_not_told_of(mailoutbox: list[Any]) -> None:
    client = make_session(user=make_user()).client

    assert tell_blocked(client.pk) == 0
    assert tell_blocked(0) == 0
    assert not mailoutbox


def test_a_mail_that_cannot_be_queued_blocks_the_client_all_the_same(
    staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = make_session(user=make_user()).client
    monkeypatch.setattr(tell_blocked, "delay", _fail)

    block_client(client=client, actor=staff, blocked=True)

    assert Client.objects.get(pk=client.pk).blocked_at


def _fail(*arguments: Any) -> None:
    raise OSError("no queue")
