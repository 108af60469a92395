"""Making a link from a code, and taking links away."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.audit import record_audit
from accounts.mail import send_mail_later
from accounts.models import User
from linking.audit import LinkingAction
from linking.disowning import disown_url
from linking.errors import AccountRequired, CodeRefused, ConnectionNotFound, LinkRefused, NotLinked, QuestionOutdated
from linking.models import AccountLink, LinkingCode
from linking.services.connections import connections_of, sharing_identity, stamp_of
from oauth.bearer import Principal
from oauth.models import ConnectorSession
from oauth.services import end_session, flag_client
from oauth.telling import session_in_mail

# Other connections that a mail names; a browser has a few.
MOST_IN_MAIL = 20


def confirm_link(*, account: User, code_id: uuid.UUID, address: str | None, shown: str | None = None) -> AccountLink:
    """Join the guest's identity behind a code to `account`, and tell the person by e-mail.

    The code is consumed by one conditional UPDATE: of any number of confirmations at once, one makes a link. Whoever
    calls has seen to it that `account` typed the code, unless it was made on the website, and signed in recently.
    `shown` is the stamp of what the person was asked about (`stamp_of`), None where no person was asked.

    Raises:
        AccountRequired: `account` is a guest or inactive.
        CodeRefused: the code was used, replaced or declined, has expired, its connection has ended, or it is another
            account's, or no assistant has given it yet.
        LinkRefused: the identity is linked already; the audit row says to whom.
        QuestionOutdated: what the code would link is not what was shown; it can be asked again.
    """
    try:
        return _confirm(account=account, code_id=code_id, address=address, shown=shown)
    except (AccountRequired, CodeRefused, LinkRefused, QuestionOutdated) as refusal:
        code = LinkingCode.objects.filter(pk=code_id).first()
        record_audit(
            LinkingAction.LINK_REFUSED,
            actor=account,
            account=account,
            session_id=code.session_id if code else None,
            address=address,
            reason=refusal.reason,
            detail=_linked_elsewhere(code) if code and isinstance(refusal, LinkRefused) else None,
        )
        raise


@transaction.atomic
def _confirm(*, account: User, code_id: uuid.UUID, address: str | None, shown: str | None) -> AccountLink:
    if not User.objects.filter(pk=account.pk, is_active=True, is_guest=False).exists():
        raise AccountRequired("guest_or_inactive")
    code = _lock_code(code_id)
    identity, now = code.identity, timezone.now()
    if reason := code.why_refused(now):
        raise CodeRefused(reason)
    if code.is_offered and code.user_id != account.pk:
        raise CodeRefused("offered_by_another_account")
    if identity is None:
        raise CodeRefused("not_redeemed")
    if not identity.is_guest:
        raise LinkRefused("linked_to_itself" if identity.pk == account.pk else "signed_in")
    if AccountLink.objects.filter(user=identity, issuer=code.issuer).exists():
        raise LinkRefused("linked_already")
    others = list(sharing_identity(code))
    if shown is not None and code.session and shown != stamp_of([code.session, *others]):
        raise QuestionOutdated("changed_meanwhile")
    if LinkingCode.objects.live(now).filter(pk=code_id).update(used_at=now) != 1:
        raise CodeRefused("used")
    # A link under an issuer that this site was once joins another identity, one that no token speaks for any more.
    AccountLink.objects.filter(user=identity).exclude(issuer=code.issuer).delete()
    try:
        with transaction.atomic():
            link = AccountLink.objects.create(
                issuer=code.issuer,
                user=identity,
                account=account,
                session=code.session,
                link_initiated_by=code.initiated_by,
                linked_at=now,
            )
    except IntegrityError:
        raise LinkRefused("linked_already") from None
    _record(LinkingAction.LINK_CONFIRMED, link=link, actor=account, address=address)
    _tell(link, others=others)
    return link


def _lock_code(code_id: uuid.UUID) -> LinkingCode:
    """The code as it is once nobody else mints or links for its identity, or ends its session."""
    found = LinkingCode.objects.filter(pk=code_id).values_list("user_id", "session_id", "session__user_id").first()
    if found is None:
        raise CodeRefused("unknown")
    user_id, session_id, identity_id = found
    # In the order of their keys, so that two who lock the same rows never wait for each other in a circle.
    list(User.objects.select_for_update(no_key=True).filter(pk__in={user_id, identity_id}).order_by("pk"))
    list(ConnectorSession.objects.select_for_update(no_key=True).filter(pk=session_id))
    return LinkingCode.objects.with_connection().get(pk=code_id)


def _linked_elsewhere(code: LinkingCode) -> dict[str, str]:
    link = AccountLink.objects.with_parties().filter(user=code.identity).first()
    return {"link": str(link.pk), "linked_to": link.account.subject} if link else {}


def _tell(link: AccountLink, *, others: Sequence[ConnectorSession]) -> None:
    context = {
        **_in_mail(link),
        "others": [session_in_mail(each) for each in others[:MOST_IN_MAIL]],
        "more": max(0, len(others) - MOST_IN_MAIL),
        "linked_at": link.linked_at,
        "disown_url": disown_url(link),
        "account_url": settings.DEXTER_PUBLIC_URL + reverse("linking:account"),
    }
    send_mail_later(template="linked", account=link.account, context=context)


def _in_mail(link: AccountLink) -> dict[str, Any]:
    return session_in_mail(link.session) if link.session else {"assistant": ""}


def unlink_identity(*, principal: Principal, address: str | None = None) -> bool:
    """Let a connection act for nobody, at its own request. Returns whether the connection itself has ended by it.

    A guest's link is taken away and the connection goes on; a signed-in person's connection cannot act for nobody, so
    it ends.

    Raises:
        NotLinked: it acts for nobody already.
    """
    if not principal.user.is_guest:
        reason = ConnectorSession.EndReason.UNLINKED
        end_session(session=principal.session, reason=reason, actor=principal.user, address=address)
        return True
    link = AccountLink.objects.with_parties().filter(user=principal.user, issuer=principal.issuer).first()
    if link is None or not remove_link(link=link, actor=principal.user, address=address):
        raise NotLinked("not_linked")
    return False


@transaction.atomic
def remove_own_link(*, account: User, link_id: uuid.UUID, address: str | None) -> bool:
    """Take one link of `account` away, at its own request.

    Returns whether something that it linked is connected still, and acts for nobody now.

    Raises:
        ConnectionNotFound: there is none with this id any more, or it is somebody else's.
    """
    link = AccountLink.objects.with_parties().filter(pk=link_id, account=account).first()
    if link is None:
        raise ConnectionNotFound("not_of_this_account")
    # Asked before: afterwards they are no connections of the account.
    stays_connected = connections_of(account).filter(user=link.user_id).exists()
    if not remove_link(link=link, actor=account, address=address):
        raise ConnectionNotFound("removed_meanwhile")
    return stays_connected


@transaction.atomic
def remove_link(*, link: AccountLink, actor: User | None, address: str | None = None) -> bool:
    """Take a link away: its identity acts for nobody from the next call on, and its connections stay.

    Returns whether it was this call that did it.
    """
    removed, _ = AccountLink.objects.filter(pk=link.pk).delete()
    if removed:
        _record(LinkingAction.LINK_REMOVED, link=link, actor=actor, address=address)
    return bool(removed)


@transaction.atomic
def unlink_for_staff(*, links: Iterable[AccountLink], staff: User, address: str | None) -> int:
    """Take links away, and tell the people whose accounts they were of: one mail to an account, with all of them.

    Returns how many this call took away.
    """
    # In one order for everybody who locks several.
    removed = [
        link for link in sorted(links, key=lambda link: link.pk) if remove_link(link=link, actor=staff, address=address)
    ]
    for account in {link.account for link in removed}:
        unlinked = [_in_mail(link) for link in removed if link.account_id == account.pk]
        send_mail_later(template="unlinked", account=account, context={"unlinked": unlinked})
    return len(removed)


@transaction.atomic
def disown_link(*, link: AccountLink, actor: User | None, address: str | None = None) -> bool:
    """Undo a link that the person says they never made: unlink, end the connection, report the client to staff.

    `actor` is None when the person came from the e-mail without signing in. Returns whether this call did it.
    """
    if not remove_link(link=link, actor=actor, address=address):
        return False
    _record(LinkingAction.LINK_DISOWNED, link=link, actor=actor, address=address)
    if link.session is not None:
        reason = ConnectorSession.EndReason.DISOWNED
        end_session(session=link.session, reason=reason, actor=actor, address=address)
        flag_client(client=link.session.client, actor=actor, address=address)
    return True


def _record(action: LinkingAction, *, link: AccountLink, actor: User | None, address: str | None) -> None:
    record_audit(
        action,
        actor=actor,
        account=link.account,
        client_id=link.session.client.client_id if link.session else "",
        session_id=link.session_id,
        address=address,
        detail={"link": str(link.pk), "subject": link.user.subject},
    )
