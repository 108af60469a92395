"""Making a code: for an assistant that asks for one, or for a person who wants to give one to an assistant."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.audit import record_audit
from accounts.models import User
from linking.audit import TOO_MANY_CODES, LinkingAction
from linking.codes import digest_code, display_code, generate_code
from linking.errors import AccountRequired, AlreadyLinked, MintingLimited
from linking.limits import CODE_LIFETIME, MINTING_ATTEMPTS, MINTING_PER_DAY, MINTING_PER_HOUR
from linking.models import AccountLink, LinkingCode, LinkInitiator
from oauth.bearer import Principal
from oauth.models import ConnectorSession


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
        return _mint_unlike_others(lambda: _mint_for_session(principal))
    except (AlreadyLinked, MintingLimited) as refusal:
        record_audit(
            LinkingAction.MINTING_REFUSED,
            actor=principal.user,
            client_id=principal.client.client_id,
            session_id=principal.session.pk,
            reason=refusal.reason,
        )
        raise


def offer_linking_code(*, account: User, address: str | None) -> MintedCode:
    """Make a code that the person gives to an assistant; it lives ten minutes, and the account's previous one ends.

    Whoever redeems it gets nothing before the account has confirmed.

    Raises:
        AccountRequired: `account` is a guest or inactive.
        MintingLimited: five an hour and twenty a day; `retry_at` says when there is room.
    """
    try:
        if account.is_guest or not account.is_active:
            raise AccountRequired("guest" if account.is_guest else "inactive")
        return _mint_unlike_others(lambda: _mint_for_account(account, address))
    except (AccountRequired, MintingLimited) as refusal:
        record_audit(
            LinkingAction.MINTING_REFUSED, actor=account, account=account, address=address, reason=refusal.reason
        )
        raise


def _mint_unlike_others(mint: Callable[[], MintedCode]) -> MintedCode:
    for _ in range(MINTING_ATTEMPTS - 1):
        try:
            return mint()
        except IntegrityError:
            # Somebody's live code is the same; the next one hardly is.
            continue
    return mint()


@transaction.atomic
def _mint_for_session(principal: Principal) -> MintedCode:
    if not principal.user.is_guest:
        raise AlreadyLinked("signed_in")
    _lock_identity(principal.user)
    if AccountLink.objects.filter(user=principal.user, issuer=principal.issuer).exists():
        raise AlreadyLinked("linked")
    code, row = _replace_code(principal.user, session=principal.session, initiated_by=LinkInitiator.MCP)
    record_audit(
        LinkingAction.CODE_MINTED,
        actor=principal.user,
        client_id=principal.client.client_id,
        session_id=principal.session.pk,
        detail={"linking_code": str(row.pk)},
    )
    return MintedCode(code=display_code(code), expires_at=row.expires_at, link_url=page_url("linking:link"))


@transaction.atomic
def _mint_for_account(account: User, address: str | None) -> MintedCode:
    _lock_identity(account)
    code, row = _replace_code(account, session=None, initiated_by=LinkInitiator.WEB)
    record_audit(
        LinkingAction.CODE_OFFERED,
        actor=account,
        account=account,
        address=address,
        detail={"linking_code": str(row.pk)},
    )
    return MintedCode(code=display_code(code), expires_at=row.expires_at, link_url=page_url("linking:offer"))


def _lock_identity(user: User) -> None:
    """Whoever mints or links for the same identity waits here, so that counts and the link are what they seem."""
    User.objects.select_for_update(no_key=True).get(pk=user.pk)


def _replace_code(
    user: User, *, session: ConnectorSession | None, initiated_by: LinkInitiator
) -> tuple[str, LinkingCode]:
    _check_minting_limits(user)
    now = timezone.now()
    LinkingCode.objects.unspent().filter(user=user).update(ended_at=now)
    code = generate_code()
    row = LinkingCode.objects.create(
        code_digest=digest_code(code),
        issuer=settings.DEXTER_ISSUER,
        user=user,
        session=session,
        initiated_by=initiated_by,
        created_at=now,
        expires_at=now + CODE_LIFETIME,
    )
    return code, row


def page_url(name: str) -> str:
    """The public address of a page of ours."""
    return settings.DEXTER_PUBLIC_URL + reverse(name)


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
        raise MintingLimited(max(free_at), reason=TOO_MANY_CODES)
