"""Typing a code (design §7: typing, wrong guesses, answers)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AuditEntry, Counter, User
from accounts.tests.builders import make_counter, make_guest, make_user
from linking.audit import LinkingAction
from linking.errors import AccountRequired, CodeRefused, TypingLocked
from linking.models import LinkingCode
from linking.services import preview_linking_code
from linking.services.guesses import SITE_KEY, address_key, typer_key
from linking.tests.builders import make_linking_code, pass_time
from oauth.models import Client, ConnectorSession
from oauth.services import block_client
from oauth.tests.builders import make_session

pytestmark = pytest.mark.django_db

ADDRESS = "203.0.113.7"
WRONG = "AAA-AAA"


def type_code(account: User, code: str = WRONG, address: str | None = ADDRESS) -> LinkingCode:
    """Type a code, by default a wrong one."""
    return preview_linking_code(account=account, code=code, address=address)


def guess_wrong(account: User, times: int, address: str | None = ADDRESS) -> None:
    """Type a wrong code so often that it is compared each time."""
    for _ in range(times):
        with pytest.raises(CodeRefused):
            type_code(account, address=address)


def used(code: LinkingCode) -> None:
    LinkingCode.objects.filter(pk=code.pk).update(used_at=timezone.now())


def ended(code: LinkingCode) -> None:
    LinkingCode.objects.filter(pk=code.pk).update(ended_at=timezone.now())


def expired(code: LinkingCode) -> None:
    pass_time(timedelta(minutes=10))


def session_ended(code: LinkingCode) -> None:
    ConnectorSession.objects.filter(linking_codes=code).update(ended_at=timezone.now(), end_reason="user")


def client_blocked(code: LinkingCode) -> None:
    block_client(
        client=Client.objects.get(connector_sessions__linking_codes=code),
        actor=make_user("staff@example.com"),
        blocked=True,
    )


def identity_inactive(code: LinkingCode) -> None:
    User.objects.filter(pk=code.user_id).update(is_active=False)


def issuer_changed(code: LinkingCode) -> None:
    LinkingCode.objects.filter(pk=code.pk).update(issuer="https://old.example.com/mcp")


DEAD: list[Callable[[LinkingCode], None]] = [
    used,
    ended,
    expired,
    session_ended,
    client_blocked,
    identity_inactive,
    issuer_changed,
]


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


def test_the_sixth_guess_of_an_account_is_locked_for_fifteen_minutes() -> None:
    account = make_user()
    _, code = make_linking_code()
    guess_wrong(account, 5)

    with pytest.raises(TypingLocked) as refused:
        type_code(account, code)

    assert timedelta(minutes=14) < refused.value.retry_at - timezone.now() <= timedelta(minutes=15)
    locked = AuditEntry.objects.get(action=LinkingAction.ACCOUNT_LOCKED)
    assert (locked.account, locked.address) == (account, ADDRESS)
    assert AuditEntry.objects.filter(action=LinkingAction.GUESS_REFUSED, reason="account_locked").count() == 1


def test_four_wrong_guesses_lock_nobody() -> None:
    account = make_user()
    _, code = make_linking_code()
    guess_wrong(account, 4)

    assert type_code(account, code)


def test_a_lock_lasts_fifteen_minutes_and_the_next_one_thirty() -> None:
    account = make_user()
    guess_wrong(account, 5)
    pass_time(timedelta(minutes=15))
    guess_wrong(account, 5)

    with pytest.raises(TypingLocked) as refused:
        type_code(account)

    assert timedelta(minutes=29) < refused.value.retry_at - timezone.now() <= timedelta(minutes=30)


def test_guesses_that_are_ten_minutes_apart_do_not_add_up() -> None:
    account = make_user()
    guess_wrong(account, 4)
    pass_time(timedelta(minutes=10))

    guess_wrong(account, 4)


def test_right_codes_lock_nobody() -> None:
    account = make_user()
    _, code = make_linking_code()

    for _ in range(30):
        type_code(account, code)

    assert set(Counter.objects.values_list("count", flat=True)) == {0}


def test_a_right_code_does_not_forgive_earlier_wrong_ones() -> None:
    account = make_user()
    _, own_code = make_linking_code()
    for _ in range(4):
        guess_wrong(account, 1)
        type_code(account, own_code)
    guess_wrong(account, 1)

    with pytest.raises(TypingLocked):
        type_code(account, own_code)


def test_a_right_code_does_not_shorten_the_next_lock() -> None:
    account = make_user()
    guess_wrong(account, 5)
    pass_time(timedelta(minutes=15))
    _, own_code = make_linking_code()
    type_code(account, own_code)

    guess_wrong(account, 5)

    assert Counter.objects.get(pk=typer_key(account)).lock_count == 2


def test_the_guess_is_counted_before_the_code_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    account = make_user()
    counted: list[int] = []

    def look(_: Any, digest: str) -> None:
        counted.extend(Counter.objects.filter(pk=typer_key(account)).values_list("count", flat=True))

    monkeypatch.setattr(type(LinkingCode.objects.all()), "newest_with_digest", look)
    monkeypatch.setattr(type(LinkingCode.objects), "newest_with_digest", look)

    guess_wrong(account, 1)

    assert counted == [1]


def test_twenty_guesses_from_an_address_lock_it_for_everybody_there() -> None:
    for number in range(4):
        guess_wrong(make_user(f"guesser{number}@example.com"), 5)
    bystander = make_user()
    _, code = make_linking_code()

    with pytest.raises(TypingLocked) as refused:
        type_code(bystander, code)

    assert refused.value.retry_at - timezone.now() <= timedelta(minutes=10)
    assert Counter.objects.get(pk=typer_key(bystander)).count == 0
    assert type_code(bystander, code, address="203.0.113.8")
    pass_time(timedelta(minutes=10))
    _, fresh = make_linking_code()
    assert type_code(bystander, fresh)


def test_an_ipv6_network_is_one_address() -> None:
    for number in range(4):
        guess_wrong(make_user(f"guesser{number}@example.com"), 5, address=f"2001:db8:1:2:{number}::1")
    _, code = make_linking_code()
    bystander = make_user()

    with pytest.raises(TypingLocked):
        type_code(bystander, code, address="2001:db8:1:2:ffff::9")

    assert type_code(bystander, code, address="2001:db8:1:3::9")


def test_guesses_without_an_address_are_counted_together() -> None:
    make_counter(address_key(None), count=20)

    with pytest.raises(TypingLocked):
        type_code(make_user(), address=None)


def test_sixty_guesses_a_minute_raise_one_alarm_and_lock_nobody_out(caplog: pytest.LogCaptureFixture) -> None:
    make_counter(SITE_KEY, count=58)
    account = make_user()
    guess_wrong(account, 1)
    assert not AuditEntry.objects.filter(action=LinkingAction.GUESSES_ALARMED).exists()

    guess_wrong(account, 3)

    assert AuditEntry.objects.filter(action=LinkingAction.GUESSES_ALARMED).count() == 1
    assert sum("linking.guesses.alarm'" in record.getMessage() for record in caplog.records) == 1
    _, code = make_linking_code()
    assert type_code(account, code)


def test_the_alarm_is_raised_again_a_minute_later() -> None:
    account = make_user()
    make_counter(SITE_KEY, count=59)
    guess_wrong(account, 2)
    pass_time(timedelta(minutes=1))
    Counter.objects.filter(pk=SITE_KEY).update(window_started_at=timezone.now(), count=59)

    guess_wrong(account, 1)

    assert AuditEntry.objects.filter(action=LinkingAction.GUESSES_ALARMED).count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_caller_in_a_transaction_that_could_take_the_count_back_is_an_error() -> None:
    account = make_user()
    _, code = make_linking_code()

    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        type_code(account, code)

    assert not AuditEntry.objects.filter(action=LinkingAction.CODE_PREVIEWED).exists()


@pytest.mark.django_db(transaction=True)
def test_guesses_survive_a_restart() -> None:
    account = make_user()
    guess_wrong(account, 5)

    cache.clear()
    connection.close()

    with pytest.raises(TypingLocked):
        type_code(account)


def test_counters_that_cannot_be_read_refuse_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise DatabaseError

    _, code = make_linking_code()
    account = make_user()
    monkeypatch.setattr("accounts.counters.take", fail)

    with pytest.raises(DatabaseError):
        type_code(account, code)


def test_the_session_of_a_code_may_be_of_any_assistant() -> None:
    row, code = make_linking_code(make_session())

    assert type_code(make_user(), code).session == row.session
