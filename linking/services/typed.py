"""What happens to a code that a person typed or an assistant was given: looked at, redeemed, declined."""

from __future__ import annotations

import uuid

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.audit import record_audit
from accounts.models import User
from linking.audit import LinkingAction
from linking.codes import digests_of_code, normalize_code
from linking.errors import AccountRequired, AlreadyLinked, CodeRefused, LinkingError
from linking.models import AccountLink, LinkingCode, LinkInitiator
from linking.services.guesses import admit_guess, forgive_guess, keep_guess
from oauth.bearer import Principal
from oauth.models import ConnectorSession


def preview_linking_code(*, account: User, code: str, address: str | None) -> LinkingCode:
    """The code that `account` typed, live and not consumed by this; the next step is to show what it would do.

    The guess is counted first, in a transaction of its own: what the caller rolls back afterwards does not uncount it,
    and a caller that is already in a transaction gets a RuntimeError. A right code gives its count back.

    Raises:
        AccountRequired: `account` is a guest or inactive; nothing was looked up.
        TypingLocked: too many wrong codes; `retry_at` says until when.
        CodeRefused: unknown, expired, used or ended; the same for all of them, `reason` is for the log.
    """
    if account.is_guest or not account.is_active:
        refusal = AccountRequired("guest" if account.is_guest else "inactive")
        _record_refusal(refusal, typer=account, address=address)
        raise refusal
    row = _find(typer=account, code=code, address=address, initiated_by=LinkInitiator.MCP)
    _record(LinkingAction.CODE_PREVIEWED, row=row, actor=account, account=account, address=address)
    return row


def redeem_linking_code(*, principal: Principal, code: str) -> LinkingCode:
    """Give a code that a person made on the website. From now on it waits for its account to confirm this connection.

    Guesses are counted as those of people are: for the identity, and for the address from which it was connected. That
    of the call is the vendor's, and shared by everybody who uses the assistant.

    Raises:
        AlreadyLinked: the identity acts for an account; a signed-in person's always does.
        TypingLocked: too many wrong codes; `retry_at` says until when.
        CodeRefused: unknown, expired, used, ended, or given already; the same for all of them.
    """
    session, address = principal.session, principal.session.address
    linked = (
        not principal.user.is_guest or AccountLink.objects.filter(user=principal.user, issuer=principal.issuer).exists()
    )
    if linked:
        refusal = AlreadyLinked("linked" if principal.user.is_guest else "signed_in")
        _record_refusal(refusal, typer=principal.user, address=address, session=session)
        raise refusal
    row = _find(typer=principal.user, code=code, address=address, initiated_by=LinkInitiator.WEB, session=session)
    try:
        return _redeem(row, session=session, address=address)
    except CodeRefused as refused:
        _record_refusal(refused, typer=principal.user, address=address, session=session)
        raise


@transaction.atomic
def _redeem(row: LinkingCode, *, session: ConnectorSession, address: str | None) -> LinkingCode:
    now = timezone.now()
    free = LinkingCode.objects.live(now).filter(pk=row.pk, session=None)
    if free.update(session=session, redeemed_at=now) != 1:
        raise CodeRefused("redeemed")
    redeemed = LinkingCode.objects.with_connection().get(pk=row.pk)
    _record(LinkingAction.CODE_REDEEMED, row=redeemed, actor=session.user, account=redeemed.user, address=address)
    return redeemed


def _find(
    *,
    typer: User,
    code: str,
    address: str | None,
    initiated_by: LinkInitiator,
    session: ConnectorSession | None = None,
) -> LinkingCode:
    """The live code that goes in this direction; counted before anything is compared."""
    admit_guess(typer=typer, address=address)
    normalized = normalize_code(code)
    # What cannot be a code is looked up like any other, under a digest that no code has.
    row = LinkingCode.objects.newest_with_digest(digests_of_code(normalized or ""))
    reason = _why_refused(row, initiated_by)
    if row is None or reason:
        keep_guess(typer=typer, address=address)
        refusal = CodeRefused(reason if normalized else "malformed")
        _record_refusal(refusal, typer=typer, address=address, session=session or (row.session if row else None))
        raise refusal
    forgive_guess(typer=typer, address=address)
    return row


def _why_refused(row: LinkingCode | None, initiated_by: LinkInitiator) -> str:
    if row is None:
        return "unknown"
    if reason := row.why_refused(timezone.now()):
        return reason
    if row.initiated_by != initiated_by:
        return "other_direction"
    return "redeemed" if row.redeemed_at else ""


def _record_refusal(
    refusal: LinkingError, *, typer: User, address: str | None, session: ConnectorSession | None = None
) -> None:
    record_audit(
        LinkingAction.GUESS_REFUSED,
        actor=typer,
        account=None if typer.is_guest else typer,
        session_id=session.pk if session else None,
        address=address,
        reason=refusal.reason,
    )


@transaction.atomic
def decline_link(*, account: User, code_id: uuid.UUID, address: str | None) -> bool:
    """End a code whose owner said "not me". Returns whether it was this call that ended it.

    One that was made on the website is ended by its own account only.
    """
    now = timezone.now()
    decidable = Q(initiated_by=LinkInitiator.MCP) | Q(user=account)
    declined = LinkingCode.objects.live(now).filter(decidable, pk=code_id).update(ended_at=now) == 1
    if declined:
        row = LinkingCode.objects.with_connection().get(pk=code_id)
        _record(LinkingAction.CODE_DECLINED, row=row, actor=account, account=account, address=address)
    return declined


def _record(action: LinkingAction, *, row: LinkingCode, actor: User, account: User, address: str | None) -> None:
    record_audit(
        action,
        actor=actor,
        account=account,
        client_id=row.session.client.client_id if row.session else "",
        session_id=row.session_id,
        address=address,
        detail={"linking_code": str(row.pk)},
    )
