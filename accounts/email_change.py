"""What the website session remembers while a new e-mail address is being proven with a code."""

from __future__ import annotations

import re
import time
from dataclasses import asdict, dataclass
from datetime import timedelta

from allauth.account.adapter import get_adapter
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts.addresses import client_address
from accounts.audit import AccountAction
from accounts.errors import TooManyGuesses
from accounts.known_browsers import read_known_browser
from accounts.mail import send_mail_later
from accounts.models import User
from accounts.services import admit_mailed_code, forgive_mailed_code
from accounts.sign_in import signed_in_account

PENDING_KEY = "account_new_email"
CODE_LIFETIME = timedelta(minutes=15)
CODE_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class PendingEmail:
    """An address that a code was sent to. `code_digest` is empty when no code will do: another account has it."""

    account: int
    email: str
    code_digest: str
    sent_at: float
    failures: int = 0


def send_code(request: HttpRequest, *, account: User, email: str) -> None:
    """Send a code to `email` and remember it; the page afterwards looks the same whether the address is free or not.

    Not allauth's process: that exists only where addresses must be confirmed before they sign in, and where they need
    not, an unproven address would be taken as it is.
    """
    email = email.lower()
    owner = User.objects.filter(email=email).exclude(pk=account.pk).first()
    if owner is not None:
        send_mail_later(template="email_wanted", account=owner, context={}, is_awaited=True)
        _remember(request, PendingEmail(account.pk, email, "", time.time()))
        return
    code = get_adapter().generate_email_verification_code()
    get_adapter().send_mail("account/email/email_confirmation", email, {"code": code})
    _remember(request, PendingEmail(account.pk, email, _digest(code), time.time()))


def read_pending_email(request: HttpRequest) -> PendingEmail | None:
    """The address to be proven by whoever is signed in now, while its code is good."""
    kept = request.session.get(PENDING_KEY)
    pending = PendingEmail(**kept) if kept else None
    if pending is None or pending.account != request.user.pk:
        return None
    return pending if time.time() - pending.sent_at < CODE_LIFETIME.total_seconds() else None


def accept_code(request: HttpRequest, pending: PendingEmail, *, code: str) -> bool:
    """Whether `code` is the one that was sent. A wrong one is counted, the third makes every other wrong too.

    Raises:
        TooManyGuesses: `code` was not looked at, and the address is forgotten.
    """
    browser = read_known_browser(request, email=pending.email)
    try:
        admit_mailed_code(
            email=pending.email,
            sent_at=pending.sent_at,
            account=signed_in_account(request),
            address=client_address(request),
            browser=browser,
            refused_as=AccountAction.EMAIL_REFUSED,
        )
    except TooManyGuesses:
        drop_pending_email(request)
        raise
    digits = re.sub(r"\D", "", code)
    if pending.code_digest and constant_time_compare(_digest(digits), pending.code_digest):
        forgive_mailed_code(email=pending.email, browser=browser)
        drop_pending_email(request)
        return True
    failures = pending.failures + 1
    spent = failures >= CODE_ATTEMPTS
    _remember(request, PendingEmail(**(asdict(pending) | {"failures": failures})), forget=spent)
    return False


def drop_pending_email(request: HttpRequest) -> None:
    """Forget the address: it was proven, or is not wanted any more."""
    request.session.pop(PENDING_KEY, None)


def _remember(request: HttpRequest, pending: PendingEmail, *, forget: bool = False) -> None:
    if forget:
        drop_pending_email(request)
    else:
        request.session[PENDING_KEY] = asdict(pending)


def _digest(code: str) -> str:
    return salted_hmac("accounts.email_change", re.sub(r"\D", "", code), algorithm="sha256").hexdigest()
