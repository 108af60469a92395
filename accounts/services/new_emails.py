"""Proving a new e-mail address with a code that is sent there.

Not allauth's process: that exists only where addresses must be confirmed before they sign in, and where they need not,
an unproven address would be taken as it is.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

import structlog
from allauth.account.adapter import get_adapter
from django.utils.crypto import constant_time_compare

from accounts.audit import AccountAction, record_audit
from accounts.keyed_digests import keyed_digests
from accounts.known_browsers import KnownBrowser
from accounts.limits import EMAIL_CODE_LIFETIME, in_minutes
from accounts.mail import enqueue_mail, render_mail, send_mail_later
from accounts.models import User
from accounts.services.asked_mail import admit_asked_mail
from accounts.services.guesses import admit_mailed_code, forgive_mailed_code

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PendingEmail:
    """An address that a code was sent to. `code_digest` is empty when no code will do: another account has it."""

    account: int
    email: str
    code_digest: str
    sent_at: float
    failures: int = 0


def send_email_code(
    *, account: User, email: str, address: str | None, browser: KnownBrowser | None = None
) -> PendingEmail:
    """Send a code to `email`, unless too many mails went there; what is returned looks the same either way.

    The account that has the address is told instead. `browser` is the one that asks, if it is known for that address.

    Raises:
        MailNotSent: the mail cannot leave.
    """
    email, digest = email.lower(), ""
    owner = User.objects.filter(email=email).exclude(pk=account.pk).first()
    if owner is not None:
        send_mail_later(template="email_wanted", account=owner, context={}, is_awaited=True)
    else:
        code = get_adapter().generate_email_verification_code()
        digest = _digests(code)[0]
        if admit_asked_mail(email=email, browser=browser):
            _send(code, account, email)
        else:
            log.warning("mail.withheld", template="new_email")
    # Not before the mail has left: in a transaction with this row it would leave only afterwards.
    record_audit(AccountAction.EMAIL_CODE_SENT, actor=account, account=account, address=address)
    return PendingEmail(account.pk, email, digest, time.time())


def check_email_code(
    *, account: User, pending: PendingEmail, code: str, address: str | None, browser: KnownBrowser | None = None
) -> bool:
    """Whether `code` is the one that was sent. The guess is counted before it is compared, and a wrong one is kept.

    Raises:
        TooManyGuesses: `code` was not looked at.
        RuntimeError: the caller is in a transaction, which could take the count back.
    """
    admit_mailed_code(
        email=pending.email,
        sent_at=pending.sent_at,
        account=account,
        address=address,
        browser=browser,
        refused_as=AccountAction.EMAIL_REFUSED,
    )
    if any(constant_time_compare(of_typed, pending.code_digest) for of_typed in _digests(code)):
        forgive_mailed_code(email=pending.email, browser=browser)
        return True
    record_audit(AccountAction.EMAIL_REFUSED, account=account, address=address, reason="wrong_code")
    return False


def _send(code: str, account: User, email: str) -> None:
    mail = render_mail(
        subject="account/email/email_confirmation_subject.txt",
        text="account/email/email_confirmation_message.txt",
        context={"code": code, "minutes": in_minutes(EMAIL_CODE_LIFETIME)},
        language=account.language,
    )
    enqueue_mail(mail, to=email)


def _digests(code: str) -> list[str]:
    return keyed_digests("accounts.email_change", re.sub(r"\D", "", code))
