"""What a sign-in or a password reset was begun with: it ends when the account's access is another by the next step.

allauth remembers whose it is and never looks again. Whoever waits half-way, with a password that leaked or with a code
from a mailbox that was open for a moment, would outlast the owner's new password and signing out everywhere.
"""

from __future__ import annotations

from allauth.account.internal.flows.password_reset_by_code import PasswordResetVerificationProcess
from django.http import HttpRequest

from accounts.known_browsers import access_stamp, is_access_stamp
from accounts.models import User

SIGN_IN_KEY = "sign_in_begun_with"
RESET_KEY = "begun_with"


def begin_sign_in(request: HttpRequest, account: User) -> None:
    """Keep what the account's access is now, for as long as the sign-in takes."""
    request.session[SIGN_IN_KEY] = access_stamp(account)


def why_sign_in_ends(request: HttpRequest, account: User) -> str:
    """The reason for the log why a sign-in that waits must not go on; empty when it may."""
    return _why_it_ends(request.session.get(SIGN_IN_KEY, ""), account)


def begin_reset(request: HttpRequest) -> None:
    """The same for the reset that was asked for in this browser; one that was begun before keeps what it has."""
    process = PasswordResetVerificationProcess.resume(request)
    if process is not None and process.user is not None:
        process.state.setdefault(RESET_KEY, access_stamp(process.user))
        process.persist()


def renew_reset(request: HttpRequest) -> None:
    """The reset itself has changed the account's access: by proving an address, which drops the password."""
    process = PasswordResetVerificationProcess.resume(request)
    if process is not None and process.user is not None:
        process.state[RESET_KEY] = access_stamp(process.user)
        process.persist()


def why_reset_ends(process: PasswordResetVerificationProcess, account: User | None) -> str:
    """The reason for the log why this reset must not go on; empty when it may.

    An address with another account, or with none any more, ends it as well: whoever reads the old mailbox, perhaps the
    reason for the change, would choose the password.
    """
    if account is None:
        return "account_gone"
    if account.email != process.state["email"].lower():
        return "email_changed"
    return _why_it_ends(process.state.get(RESET_KEY, ""), account)


def _why_it_ends(stamp: str, account: User) -> str:
    if not account.is_active:
        return "inactive"
    return "" if is_access_stamp(stamp, account) else "access_changed"
