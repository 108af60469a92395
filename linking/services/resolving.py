"""Which account an identity acts for, for a service that staff trust (design §5, `/api/identity/resolve`)."""

from __future__ import annotations

from django.conf import settings

from accounts.audit import record_audit
from accounts.models import User
from linking.audit import LinkingAction
from oauth.bearer import linked_account
from oauth.models import Client


def resolve_identity(*, issuer: str, subject: str, service: Client, address: str | None) -> User | None:
    """The account behind (issuer, subject), or None: unknown, inactive, or a guest that no account is linked to.

    All causes are one answer. Each look-up is audited: a service learns who somebody is.
    """
    identity = _find(issuer, subject)
    account = None if identity is None else linked_account(identity) if identity.is_guest else identity
    record_audit(
        LinkingAction.IDENTITY_RESOLVED,
        account=account,
        client_id=service.client_id,
        address=address,
        reason="" if account else "acts_for_nobody",
        detail={"subject": identity.subject} if identity else None,
    )
    return account


def _find(issuer: str, subject: str) -> User | None:
    if issuer != settings.DEXTER_ISSUER:
        return None
    return User.objects.select_related("account_link__account").filter(subject=subject, is_active=True).first()
