"""Making a code, looking at what a typed one is for, and declining it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.audit import record_audit
from accounts.models import User
from linking.audit import LinkingAction
from linking.codes import digest_code, display_code, generate_code, normalize_code
from linking.errors import AccountRequired, AlreadyLinked, CodeRefused, LinkingError, MintingLimited
from linking.limits import CODE_LIFETIME, MINTING_ATTEMPTS, MINTING_PER_DAY, MINTING_PER_HOUR
from linking.models import AccountLink, LinkingCode
from linking.services.guesses import admit_guess, forgive_guess, keep_guess
from oauth.bearer import Principal


@dataclass(frozen=True, slots=True)
class MintedCode:
    """A new code as the person is to see it; the only place where it exists in the clear."""

    code: str
    expires_at: datetime
    link_url: str

    def __repr__(self) -> str:
        return f"MintedCode(expires_at={self.expires_at:%Y-%m-%dT%H:%M:%SZ})"


def mint_linking_code(*, principal: Principal) -> MintedCode:
    """Make a code for a guest's identity; it lives ten minutes, and the identity's previous one ends.

    Raises:
        AlreadyLinked: the identity acts for an account; a signed-in person's always does.
        MintingLimited: five an hour and twenty a day; `retry_at` says when there is room.
    """
    try:
        for _ in range(MINTING_ATTEMPTS - 1):
            try:
                return _mint(principal)
            except IntegrityError:
                # Somebody's live code is the same; the next one hardly is.
                continue
        return _mint(principal)
    except (AlreadyLinked, MintingLimited) as refusal:
        record_audit(
            LinkingAction.MINTING_REFUSED,
            actor=principal.user,
            client_id=principal.client.client_id,
            session_id=principal.session.pk,
            reason=refusal.reason,
        )
        raise


@transaction.atomic
def _mint(principal: Principal) -> MintedCode:
    if not principal.user.is_guest:
        raise AlreadyLinked("signed_in")
    # Whoever mints or links for the same identity waits here, so that counts and the link are what they seem.
    User.objects.select_for_update(no_key=True).get(pk=principal.user.pk)
    if AccountLink.objects.filter(user=principal.user, issuer=principal.issuer).exists():
        raise AlreadyLinked("linked")
    _check_minting_limits(principal.user)
    now = timezone.now()
    LinkingCode.objects.unspent().filter(user=principal.user).update(ended_at=now)
    code = generate_code()
    row = LinkingCode.objects.create(
        code_digest=digest_code(code),
        issuer=principal.issuer,
        user=principal.user,
        session=principal.session,
        created_at=now,
        expires_at=now + CODE_LIFETIME,
    )
    record_audit(
        LinkingAction.CODE_MINTED,
        actor=principal.user,
        client_id=principal.client.client_id,
        session_id=principal.session.pk,
        detail={"linking_code": str(row.pk)},
    )
    return MintedCode(code=display_code(code), expires_at=row.expires_at, link_url=f"{settings.DEXTER_PUBLIC_URL}/link")


def _check_minting_limits(user: User) -> None:
    """Count the identity's codes, which are kept for longer than the longest window."""
    now = timezone.now()
    minted_at = list(
        LinkingCode.objects.filter(user=user, created_at__gt=now - MINTING_PER_DAY.window)
        .order_by("-created_at")
        .values_list("created_at", flat=True)[: MINTING_PER_DAY.count]
    )
    free_at = [
        minted_at[limit.count - 1] + limit.window
        for limit in (MINTING_PER_HOUR, MINTING_PER_DAY)
        if len(minted_at) >= limit.count and minted_at[limit.count - 1] + limit.window > now
    ]
    if free_at:
        raise MintingLimited(max(free_at), reason="too_many_codes")


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
        refusal: LinkingError = AccountRequired("guest" if account.is_guest else "inactive")
        _record_refusal(refusal, account=account, address=address)
        raise refusal
    admit_guess(account=account, address=address)
    normalized = normalize_code(code)
    # What cannot be a code is looked up like any other, under a digest that no code has.
    row = LinkingCode.objects.newest_with_digest(digest_code(normalized or ""))
    reason = row.why_refused(timezone.now()) if row else "unknown"
    if row is None or reason:
        keep_guess(account=account, address=address)
        refusal = CodeRefused(reason if normalized else "malformed")
        _record_refusal(refusal, account=account, address=address, code=row)
        raise refusal
    forgive_guess(account=account, address=address)
    record_audit(
        LinkingAction.CODE_PREVIEWED,
        actor=account,
        account=account,
        client_id=row.session.client.client_id,
        session_id=row.session_id,
        address=address,
        detail={"linking_code": str(row.pk)},
    )
    return row


def _record_refusal(
    refusal: LinkingError, *, account: User, address: str | None, code: LinkingCode | None = None
) -> None:
    record_audit(
        LinkingAction.GUESS_REFUSED,
        actor=account,
        account=account,
        session_id=code.session_id if code else None,
        address=address,
        reason=refusal.reason,
    )


@transaction.atomic
def decline_link(*, account: User, code_id: uuid.UUID, address: str | None) -> bool:
    """End a code whose owner said "not me". Returns whether it was this call that ended it."""
    now = timezone.now()
    declined = LinkingCode.objects.live(now).filter(pk=code_id).update(ended_at=now) == 1
    if declined:
        session = LinkingCode.objects.with_connection().get(pk=code_id).session
        record_audit(
            LinkingAction.CODE_DECLINED,
            actor=account,
            account=account,
            client_id=session.client.client_id,
            session_id=session.pk,
            address=address,
            detail={"linking_code": str(code_id)},
        )
    return declined
