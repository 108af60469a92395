"""The limits on typing passwords and codes: those that were mailed, and those of a second factor.

allauth counts mailed codes in the website session after comparing, so that requests at once each start from the same
count, and the others in the cache, which a restart empties, for the account, whoever types them.
"""

from __future__ import annotations

import structlog
from django.db import transaction
from django.utils.crypto import salted_hmac

from accounts import counters
from accounts.audit import AccountAction, record_audit
from accounts.errors import TooManyGuesses, TooManyPasswords
from accounts.known_browsers import KnownBrowser, access_stamp
from accounts.limits import (
    FACTOR_GUESSES_OF_KNOWN_BROWSERS,
    FACTOR_GUESSES_OF_STRANGERS,
    FACTOR_GUESSES_PER_DAY,
    FACTOR_GUESSES_PER_HOUR,
    FACTOR_GUESSES_PER_KNOWN_BROWSER,
    GUESSES_OF_KNOWN_BROWSERS,
    GUESSES_PER_EMAIL,
    GUESSES_PER_KNOWN_BROWSER,
    GUESSES_PER_MAILED_CODE,
    PASSKEYS_WRITTEN_DOWN,
    PASSWORDS_OF_KNOWN_BROWSERS,
    PASSWORDS_PER_EMAIL,
    PASSWORDS_PER_KNOWN_BROWSER,
    Limit,
)
from accounts.models import Counter, User

log = structlog.get_logger(__name__)


def admit_mailed_code(
    *,
    email: str,
    sent_at: float,
    account: User | None,
    address: str | None,
    browser: KnownBrowser | None = None,
    refused_as: AccountAction = AccountAction.SIGN_IN_REFUSED,
) -> None:
    """Count a guess at the code that was sent to `email` at `sent_at`, before anybody compares it.

    An address without an account is counted as one with: the answer tells nobody which it is. A `browser` that is known
    for the account with this address counts for itself, all others together. `account` is who the log says it was
    about, `refused_as` what was refused.

    Raises:
        TooManyGuesses: too many at this code, or for this address; this one was not counted and must not be compared.
        RuntimeError: the caller is in a transaction, which could take the count back.
    """
    limits = {_key("mailed", email, repr(sent_at)): GUESSES_PER_MAILED_CODE, **_mailed_limits(email, browser)}
    if not _admit(limits):
        record_audit(refused_as, account=account, address=address, reason=TooManyGuesses.reason)
        raise TooManyGuesses


def forgive_mailed_code(*, email: str, browser: KnownBrowser | None = None) -> None:
    """The guess was right: it counts neither for the address nor for the browser. Earlier wrong ones still do."""
    for key in _mailed_limits(email, browser):
        counters.give_back(key)


def admit_password(*, email: str, browser: KnownBrowser | None, address: str | None) -> None:
    """Count a password that is typed for the account with this address, if there is one, before anybody compares it.

    A `browser` that is known for the account counts for itself, all others together.

    Raises:
        TooManyPasswords: this one was not counted and must not be compared.
        RuntimeError: the caller is in a transaction, which could take the count back.
    """
    if _admit(_password_limits(email, browser)):
        return
    if browser is None:
        # Not a row: nothing keeps strangers from asking a thousand times.
        log.warning("guesses.password_refused")
    else:
        account = User.objects.filter(pk=browser.account_id).first()
        reason = TooManyPasswords.reason
        record_audit(AccountAction.SIGN_IN_REFUSED, account=account, address=address, reason=reason)
    raise TooManyPasswords


def forgive_password(*, email: str, browser: KnownBrowser | None) -> None:
    """It was right: it counts for nothing. Earlier wrong ones still do."""
    for key in _password_limits(email, browser):
        counters.give_back(key)


def forget_passwords(*, email: str) -> None:
    """There is another password: what strangers typed before keeps nobody from it."""
    Counter.objects.filter(pk__in=_password_limits(email, None)).delete()


def admit_passkey_refusal(*, account: User) -> bool:
    """Whether there is room to write one more wrong passkey down."""
    return _admit({f"refused:passkey:{account.pk}": PASSKEYS_WRITTEN_DOWN})


def admit_factor_code(*, account: User, browser: KnownBrowser | None = None) -> None:
    """Count a guess at a code of an authenticator app, or at a recovery code, before anybody compares it.

    A `browser` that is known for the account counts for itself, all others together.

    Raises:
        TooManyGuesses: the account had too many; this one was not counted and must not be compared.
        RuntimeError: the caller is in a transaction, which could take the count back.
    """
    if not _admit(_factor_limits(account, browser)):
        # Not a row: nothing keeps whoever got as far as this page from asking a thousand times.
        log.warning("guesses.factor_refused", account=account.subject)
        raise TooManyGuesses


def forgive_factor_code(*, account: User, browser: KnownBrowser | None = None) -> None:
    """The guess was right: it counts for nothing. Earlier wrong ones still do."""
    for key in _factor_limits(account, browser):
        counters.give_back(key)


def _admit(limits: dict[str, Limit]) -> bool:
    with transaction.atomic(durable=True):
        return counters.take_each(limits)


def _mailed_limits(email: str, browser: KnownBrowser | None) -> dict[str, Limit]:
    if browser is None:
        return {_key("mailed", email): GUESSES_PER_EMAIL}
    return {
        f"guess:known:{browser.account_id}:{browser.browser_id}": GUESSES_PER_KNOWN_BROWSER,
        f"guess:known:all:{browser.account_id}": GUESSES_OF_KNOWN_BROWSERS,
    }


def _password_limits(email: str, browser: KnownBrowser | None) -> dict[str, Limit]:
    if browser is None:
        return {_key("password", email): PASSWORDS_PER_EMAIL}
    return {
        f"guess:password:known:{browser.account_id}:{browser.browser_id}": PASSWORDS_PER_KNOWN_BROWSER,
        f"guess:password:all:{browser.account_id}": PASSWORDS_OF_KNOWN_BROWSERS,
    }


def _factor_limits(account: User, browser: KnownBrowser | None) -> dict[str, Limit]:
    if browser is None:
        whose = f"{account.pk}:{access_stamp(account)}"
        return {
            f"guess:factor:hour:{whose}": FACTOR_GUESSES_PER_HOUR,
            f"guess:factor:day:{whose}": FACTOR_GUESSES_PER_DAY,
            f"guess:factor:all:{account.pk}": FACTOR_GUESSES_OF_STRANGERS,
        }
    whose = f"{account.pk}:{browser.browser_id}"
    return {
        f"guess:factor:known:hour:{whose}": FACTOR_GUESSES_PER_HOUR,
        f"guess:factor:known:day:{whose}": FACTOR_GUESSES_PER_KNOWN_BROWSER,
        f"guess:factor:known:all:{account.pk}": FACTOR_GUESSES_OF_KNOWN_BROWSERS,
    }


def _key(*parts: str) -> str:
    """A counter's key that does not show the address: it may be that of somebody who was never here."""
    kind, *rest = parts
    return f"guess:{kind}:{salted_hmac('accounts.guesses', '|'.join(rest).lower(), algorithm='sha256').hexdigest()}"
