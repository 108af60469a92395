"""Taking somebody's second factors away, because they lost them."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from django.db import transaction

from accounts.audit import AccountAction, record_audit
from accounts.mail import send_mail_later
from accounts.models import User


@transaction.atomic
def remove_second_factors(*, account: User, actor: User, address: str | None) -> int:
    """Remove every passkey, app and recovery code of `account`, and tell its owner. Returns how many there were."""
    rows = list(Authenticator.objects.select_for_update().filter(user=account))
    for row in rows:
        detail = {"type": str(row.type)}
        record_audit(AccountAction.FACTOR_REMOVED, actor=actor, account=account, address=address, detail=detail)
        row.delete()
    if rows:
        send_mail_later(template="factors_removed", account=account, context={})
    return len(rows)
