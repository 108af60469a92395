"""What the website session remembers while a new e-mail address is being proven with a code."""

from __future__ import annotations

import time
from dataclasses import asdict, replace

from django.http import HttpRequest

from accounts.limits import EMAIL_CODE_LIFETIME
from accounts.services import PendingEmail

PENDING_KEY = "account_new_email"
CODE_ATTEMPTS = 3


def remember_pending_email(request: HttpRequest, pending: PendingEmail) -> None:
    """Keep the address for the page on which its code is typed."""
    request.session[PENDING_KEY] = asdict(pending)


def read_pending_email(request: HttpRequest) -> PendingEmail | None:
    """The address to be proven by whoever is signed in now, while its code is good."""
    kept = request.session.get(PENDING_KEY)
    pending = PendingEmail(**kept) if kept else None
    if pending is None or pending.account != request.user.pk:
        return None
    return pending if time.time() - pending.sent_at < EMAIL_CODE_LIFETIME.total_seconds() else None


def count_wrong_code(request: HttpRequest, pending: PendingEmail) -> bool:
    """Whether another code may be typed after this wrong one. After the third the address is forgotten."""
    counted = replace(pending, failures=pending.failures + 1)
    if counted.failures >= CODE_ATTEMPTS:
        drop_pending_email(request)
        return False
    remember_pending_email(request, counted)
    return True


def drop_pending_email(request: HttpRequest) -> None:
    """Forget the address: it was proven, or is not wanted any more."""
    request.session.pop(PENDING_KEY, None)
