"""What is audited where neither allauth's adapter nor a service of ours is asked.

The admin's own "log out" knows nothing of allauth, and allauth tells of a wrong code by signal only. Receivers write an
audit row and nothing else: rules are in services.
"""

from __future__ import annotations

from typing import Any

from allauth.account.signals import (
    email_verification_code_rejected,
    login_code_rejected,
    password_reset_code_rejected,
)
from django.contrib.auth.signals import user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest

from accounts.addresses import client_address
from accounts.audit import AccountAction, record_audit
from accounts.models import User


@receiver(user_logged_out, dispatch_uid="accounts.audit.signed_out")
def record_signed_out(request: HttpRequest, user: User | None, **_: Any) -> None:
    """Somebody signed out, of the site or of the admin."""
    if user is not None:
        record_audit(AccountAction.SIGNED_OUT, actor=user, account=user, address=client_address(request))


@receiver(login_code_rejected, dispatch_uid="accounts.audit.login_code")
@receiver(password_reset_code_rejected, dispatch_uid="accounts.audit.password_reset_code")
@receiver(email_verification_code_rejected, dispatch_uid="accounts.audit.email_verification_code")
def record_wrong_code(request: HttpRequest, user: User, **_: Any) -> None:
    """Somebody typed a wrong code from an e-mail."""
    record_audit(AccountAction.SIGN_IN_REFUSED, account=user, address=client_address(request), reason="wrong_code")
