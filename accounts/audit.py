"""The audit log: `record_audit` is the only writer of `AuditEntry`."""

from __future__ import annotations

import uuid
from enum import StrEnum
from typing import Any

import structlog

from accounts.models import AuditEntry, User

log = structlog.get_logger(__name__)


class AccountAction(StrEnum):
    """What happens to an account. Each app has an enumeration of its own; tags read `noun.noun.past`."""

    GUEST_CREATED = "account.guest.created"
    SIGNED_UP = "account.user.signed_up"
    SIGNED_IN = "account.user.signed_in"
    SIGNED_OUT = "account.user.signed_out"
    SIGN_IN_REFUSED = "account.sign_in.refused"
    PASSWORD_CHANGED = "account.password.changed"  # noqa: S105
    EMAIL_CHANGED = "account.email.changed"
    EMAIL_CODE_SENT = "account.email_code.sent"
    EMAIL_REFUSED = "account.email.refused"
    PROFILE_CHANGED = "account.profile.changed"
    FACTOR_ADDED = "account.second_factor.added"
    FACTOR_REMOVED = "account.second_factor.removed"
    FACTOR_RENAMED = "account.second_factor.renamed"
    FACTOR_REFUSED = "account.second_factor.refused"
    RECOVERY_CODES_MADE = "account.recovery_codes.made"
    BROWSER_ENDED = "account.browser.ended"
    DATA_EXPORTED = "account.data.exported"
    DELETED = "account.user.deleted"
    DELETION_REFUSED = "account.deletion.refused"
    ACTIVATED = "account.user.activated"
    DEACTIVATED = "account.user.deactivated"
    STAFF_ADDED = "account.user.added"
    STAFF_CHANGED = "account.user.changed"
    GUESTS_SWEPT = "account.guests.swept"
    REFUSALS_SWEPT = "account.refusals.swept"


def record_audit(
    action: StrEnum,
    *,
    actor: User | None = None,
    account: User | None = None,
    client_id: str = "",
    session_id: uuid.UUID | None = None,
    address: str | None = None,
    reason: str = "",
    detail: dict[str, Any] | None = None,
) -> AuditEntry:
    """Write one audit row in the caller's transaction, and one log line.

    `actor` did it (None for a client or the system), `account` is whose affairs it concerns. `detail` holds
    identifiers, counts and times; never a token, code, password or other secret.
    """
    context = structlog.contextvars.get_contextvars()
    # A caller that is refused may have sent any text as its client ID, of any length.
    client_id = client_id[:255].replace("\x00", "")
    entry = AuditEntry.objects.create(
        action=str(action),
        actor=actor,
        account=account,
        actor_subject=actor.subject if actor else "",
        account_subject=account.subject if account else "",
        client_id=client_id,
        session_id=session_id,
        address=address,
        request_id=str(context.get("request_id", "")),
        reason=reason,
        detail=detail or {},
    )
    log.info(
        "audit",
        action=str(action),
        actor=actor.subject if actor else None,
        account=account.subject if account else None,
        client_id=client_id or None,
        session_id=str(session_id) if session_id else None,
        reason=reason or None,
    )
    return entry
