"""What happens once somebody has proven an address: whoever was there before without a proof is out.

A signal, because allauth marks addresses as proven in several of its flows and asks the adapter in one of them only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed
from allauth.account.stages import EmailVerificationStage, LoginStageController
from django.contrib import messages
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.addresses import client_address
from accounts.models import User
from accounts.services import forget_unproven_access

Forget = Callable[[User, str | None], None]
_also_forgotten: list[Forget] = []


def also_forget(forget: Forget) -> None:
    """Let an app to the right drop what it keeps of an account from before the proof; it gets account and address."""
    _also_forgotten.append(forget)


@receiver(email_confirmed, dispatch_uid="accounts.proofs")
def drop_what_was_not_proven(request: HttpRequest, email_address: EmailAddress, **_kwargs: Any) -> None:
    """Somebody typed a code that went to an address which nobody had proven before."""
    account = email_address.user
    if _typed_the_password_here(request, account):
        return
    key, address = request.session.session_key, client_address(request)
    had_password = forget_unproven_access(account=account, session_key=key, address=address)
    for forget in _also_forgotten:
        forget(account, address)
    if had_password:
        messages.warning(request, _("The password from before you confirmed your email was removed. Set a new one."))


def _typed_the_password_here(request: HttpRequest, account: User) -> bool:
    """Whether this browser has given the account's password and is let in as soon as the address is proven."""
    stage = LoginStageController.enter(request, EmailVerificationStage.key)
    return stage is not None and stage.login.user == account
