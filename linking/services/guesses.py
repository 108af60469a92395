"""The limits on typing codes: per account or guest's identity, per address, and an alarm for the site."""

from __future__ import annotations

from datetime import datetime

import structlog
from django.db import transaction

from accounts import counters
from accounts.addresses import address_block
from accounts.audit import record_audit
from accounts.models import User
from linking.audit import LinkingAction
from linking.errors import TypingLocked
from linking.limits import GUESSES_ON_SITE_ALARM, GUESSES_PER_ACCOUNT, GUESSES_PER_ADDRESS

log = structlog.get_logger(__name__)

SITE_KEY = "guess:site"


def admit_guess(*, typer: User, address: str | None) -> None:
    """Count a guess before anybody compares it.

    Raises:
        TypingLocked: the account or the address has guessed wrong too often; this one was not counted.
        RuntimeError: the caller is in a transaction, which could take the count back.
    """
    with transaction.atomic(durable=True):
        retry_at, reason = _count(typer, address)
    if retry_at is None:
        return
    record_audit(LinkingAction.GUESS_REFUSED, actor=typer, account=_account(typer), address=address, reason=reason)
    raise TypingLocked(retry_at, reason=reason)


def _count(typer: User, address: str | None) -> tuple[datetime | None, str]:
    if retry_at := counters.take(typer_key(typer), limit=GUESSES_PER_ACCOUNT):
        return retry_at, "account_locked"
    if retry_at := counters.take(address_key(address), limit=GUESSES_PER_ADDRESS):
        # Whoever shares an address with a guesser must not be locked for longer than the address is.
        counters.give_back(typer_key(typer))
        return retry_at, "address_locked"
    counters.count_event(SITE_KEY, limit=GUESSES_ON_SITE_ALARM)
    return None, ""


@transaction.atomic
def keep_guess(*, typer: User, address: str | None) -> None:
    """The guess was wrong: lock the account if it was one too many, and raise the alarm if the site sees too many."""
    locked_until = counters.lock_if_full(typer_key(typer), limit=GUESSES_PER_ACCOUNT)
    if locked_until:
        detail = {"locked_until": locked_until.isoformat()}
        record_audit(LinkingAction.ACCOUNT_LOCKED, actor=typer, account=_account(typer), address=address, detail=detail)
    if counters.raise_alarm(SITE_KEY, limit=GUESSES_ON_SITE_ALARM):
        log.warning("linking.guesses.alarm", limit=GUESSES_ON_SITE_ALARM.count)
        record_audit(LinkingAction.GUESSES_ALARMED, detail={"limit": GUESSES_ON_SITE_ALARM.count})


@transaction.atomic
def forgive_guess(*, typer: User, address: str | None) -> None:
    """The guess was right: it counts for nothing. Earlier wrong ones still do."""
    for key in (typer_key(typer), address_key(address), SITE_KEY):
        counters.give_back(key)


def typing_locked_until(*, account: User) -> datetime | None:
    """Until when `account` may type no codes; None when it may. Asking counts nothing and looks at no code."""
    return counters.locked_until(typer_key(account))


def guesses_left(*, account: User) -> int:
    """How many wrong codes `account` may still type before it is locked. Asking counts nothing."""
    return counters.room_left(typer_key(account), limit=GUESSES_PER_ACCOUNT)


def typer_key(typer: User) -> str:
    """What the counter of the guesses of an account, or of a guest's assistants, is called."""
    return f"guess:account:{typer.pk}"


def _account(typer: User) -> User | None:
    return None if typer.is_guest else typer


def address_key(address: str | None) -> str:
    """What the counter of the guesses from an IPv4 address or an IPv6 /64 is called."""
    return f"guess:address:{address_block(address)}"
