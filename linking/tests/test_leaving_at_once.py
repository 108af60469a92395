"""A person who deletes their account while an assistant does something in their name (design §2, §6)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, models, transaction
from django.test import Client as Browser

from accounts.audit import AccountAction
from accounts.models import AuditEntry, User
from accounts.tests.builders import make_user
from linking.services import delete_account, leaving
from linking.tests.builders import make_link
from oauth.models import AccessToken, ConnectorSession, RefreshToken
from oauth.tests.builders import make_grant, make_refresh_token, make_session
from oauth.tests.protocol import exchange_code, refresh
from oauth.tests.threads import at_once, in_thread, tokens_half_made, wait_until_somebody_waits

pytestmark = pytest.mark.django_db(transaction=True)


def assert_only_guests_are_left() -> None:
    assert not User.objects.filter(is_guest=False).exists()
    owned: tuple[type[models.Model], ...] = (ConnectorSession, AccessToken, RefreshToken)
    for model in owned:
        assert not model._default_manager.filter(user__is_guest=False).exists()
    assert AuditEntry.objects.filter(action=AccountAction.DELETED).count() == 1


def test_what_was_overtaken_is_deleted_in_the_second_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    """The instance must not have forgotten its key in the first one."""
    person, real, tried = make_user(), leaving._delete, []

    def fail_once(account: User, actor: User, address: str | None) -> None:
        tried.append(account.pk)
        with transaction.atomic():
            real(account, actor, address)
            if len(tried) == 1:
                raise IntegrityError

    monkeypatch.setattr(leaving, "_delete", fail_once)

    delete_account(account=person, address=None)

    assert tried == [person.pk] * 2
    assert_only_guests_are_left()


@pytest.mark.postgres
def test_tokens_that_are_half_made_go_with_the_account(monkeypatch: pytest.MonkeyPatch) -> None:
    row, token = make_refresh_token(make_session(user=make_user()))

    with tokens_half_made(monkeypatch, lambda: refresh(Browser(), row.application, token)) as tokens:
        leaving_now = in_thread(lambda: delete_account(account=row.user, address=None))
        wait_until_somebody_waits()

    leaving_now.result(20)
    assert tokens.result().status_code == 200
    assert_only_guests_are_left()


@pytest.mark.postgres
@pytest.mark.parametrize("_turn", range(3))
def test_whatever_assistants_do_while_a_person_leaves_nothing_crashes(_turn: int) -> None:
    person = make_user()
    row, token = make_refresh_token(make_session(user=person))
    grant, code = make_grant(make_session(user=person, connected_at=None))
    linked, linked_code = make_grant(make_session(user=make_link(account=person).user, connected_at=None))
    acts: list[Callable[[], Any]] = [
        *[lambda: refresh(Browser(), row.application, token).status_code] * 3,
        lambda: exchange_code(Browser(), grant.application, code).status_code,
        lambda: exchange_code(Browser(), linked.application, linked_code).status_code,
        lambda: delete_account(account=person, address=None),
    ]
    turns = iter(acts)

    def take_turn() -> Any:
        return next(turns)()

    answers = at_once(take_turn, count=len(acts))

    assert set(answers) <= {None, 200, 400}
    assert_only_guests_are_left()
    assert ConnectorSession.objects.get(grant=linked).connected_at is not None
