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
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import (
    authentication_failed,
    authenticator_added,
    authenticator_removed,
    authenticator_reset,
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


@receiver(authenticator_added, dispatch_uid="accounts.audit.factor_added")
@receiver(authenticator_reset, dispatch_uid="accounts.audit.factor_reset")
def record_factor_added(request: HttpRequest, user: User, authenticator: Authenticator, **_: Any) -> None:
    """There is a new passkey or authenticator app, or there are new recovery codes."""
    codes = authenticator.type == Authenticator.Type.RECOVERY_CODES
    action = AccountAction.RECOVERY_CODES_MADE if codes else AccountAction.FACTOR_ADDED
    _record_factor(action, request, user, authenticator)


@receiver(authenticator_removed, dispatch_uid="accounts.audit.factor_removed")
def record_factor_removed(request: HttpRequest, user: User, authenticator: Authenticator, **_: Any) -> None:
    """A passkey or authenticator app is gone, or the recovery codes went with the last of them."""
    _record_factor(AccountAction.FACTOR_REMOVED, request, user, authenticator)


@receiver(authentication_failed, dispatch_uid="accounts.audit.factor_refused")
def record_factor_refused(request: HttpRequest, user: User, authenticator: Authenticator, **_: Any) -> None:
    """Somebody typed a wrong code of an app, or a wrong recovery code."""
    detail = {"type": str(authenticator.type)}
    address = client_address(request)
    record_audit(AccountAction.FACTOR_REFUSED, account=user, address=address, reason="wrong_code", detail=detail)


def _record_factor(action: AccountAction, request: HttpRequest, user: User, authenticator: Authenticator) -> None:
    detail = {"type": str(authenticator.type)}
    record_audit(action, actor=user, account=user, address=client_address(request), detail=detail)
