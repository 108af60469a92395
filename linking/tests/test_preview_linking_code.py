"""Typing a code (design §7: typing, answers)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry, Counter, User
from accounts.tests.builders import make_guest, make_user
from linking.audit import LinkingAction
from linking.errors import AccountRequired, CodeRefused
from linking.models import LinkingCode
from linking.services.guesses import typer_key
from linking.tests.builders import make_linking_code, pass_time
from linking.tests.guessing import ADDRESS, DEAD, WRONG, guess_wrong, type_code
from oauth.tests.builders import make_session

pytestmark = pytest.mark.django_db


def test_a_right_code_is_shown_and_not_consumed() -> None:
    row, code = make_linking_code()
    account = make_user()

    seen = type_code(account, code)

    assert seen == row
    row.refresh_from_db()
    assert row.used_at is None
    audited = AuditEntry.objects.get(action=LinkingAction.CODE_PREVIEWED)
    assert (audited.account, audited.session_id, audited.address) == (account, row.session_id, ADDRESS)


def test_a_code_works_until_its_last_second() -> None:
    _, code = make_linking_code()
    pass_time(timedelta(minutes=9, seconds=50))

    assert type_code(make_user(), code)


def test_the_spelling_does_not_matter() -> None:
    row, code = make_linking_code()

    assert type_code(make_user(), code.lower().replace("-", " ")) == row


@pytest.mark.parametrize("kill", DEAD)
def test_a_code_that_is_not_live_is_refused_in_the_same_words_as_an_unknown_one(
    kill: Callable[[LinkingCode], None],
) -> None:
    row, code = make_linking_code()
    account = make_user()
    kill(row)

    with pytest.raises(CodeRefused) as refused:
        type_code(account, code)
    with pytest.raises(CodeRefused) as unknown:
        type_code(account, WRONG)

    assert type(refused.value) is type(unknown.value)
    assert refused.value.description == unknown.value.description
    assert (refused.value.reason, unknown.value.reason) == (kill.__name__, "unknown")
    reasons = AuditEntry.objects.filter(action=LinkingAction.GUESS_REFUSED).values_list("reason", flat=True)
    assert sorted(reasons) == sorted([kill.__name__, "unknown"])


@pytest.mark.parametrize("typed", ["000000", "ABC", "🙂🙂🙂🙂🙂🙂", "A\x00BC234", "A" * 10_240])
def test_what_cannot_be_a_code_is_refused_and_counted_like_a_wrong_one(typed: str) -> None:
    account = make_user()

    with pytest.raises(CodeRefused) as refused:
        type_code(account, typed)

    assert refused.value.reason == "malformed"
    assert Counter.objects.get(pk=typer_key(account)).count == 1


def test_every_wrong_code_costs_the_same_queries() -> None:
    account = make_user()
    guess_wrong(account, 1)
    counts = set()
    for kill in [None, *DEAD[:4]]:
        row, code = make_linking_code()
        if kill:
            kill(row)
        Counter.objects.filter(pk=typer_key(account)).update(count=1)
        with (
            CaptureQueriesContext(
                connection,
            ) as queries,
            pytest.raises(CodeRefused),
        ):
            type_code(account, code if kill else WRONG)
        counts.add(len(queries))

    assert len(counts) == 1


@pytest.mark.parametrize("account", [make_guest, lambda: make_user(is_active=False)])
def test_guests_and_inactive_accounts_are_turned_away_before_any_look_up(account: Callable[[], User]) -> None:
    _, code = make_linking_code()
    person = account()

    with CaptureQueriesContext(connection) as queries, pytest.raises(AccountRequired):
        type_code(person, code)

    assert not [query for query in queries if "linking_" in query["sql"]]
    assert not Counter.objects.exists()


def test_the_session_of_a_code_may_be_of_any_assistant() -> None:
    row, code = make_linking_code(make_session())

    assert type_code(make_user(), code).session == row.session
