""" "This wasn't me": undoing a link that the person says they never made, whatever became of it since."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet

from accounts.audit import record_audit
from accounts.models import AuditEntry, User
from linking.audit import LinkingAction
from linking.disowning import NamedLink
from linking.models import AccountLink
from linking.services.links import disown_link
from oauth.models import ConnectorSession
from oauth.services import end_session, flag_client


@dataclass(frozen=True, slots=True)
class Disowning:
    """What is there to undo of a named link. `link` is that one, or one made anew since between the same parties."""

    link: AccountLink | None
    session: ConnectorSession | None
    account: User | None
    is_done: bool


def find_disowning(named: NamedLink) -> Disowning:
    """What "this wasn't me" would undo now."""
    session = _sessions(named).select_related("client", "user").first()
    links = AccountLink.objects.with_parties()
    link = links.filter(pk=named.link_id).first()
    if link is None and session is not None:
        link = links.filter(user=session.user, issuer=session.issuer, account=named.account_id).first()
    is_done = (link is None and session is None) or _is_disowned(named)
    return Disowning(link, session, User.objects.filter(pk=named.account_id).first(), is_done)


@transaction.atomic
def disown(*, named: NamedLink, shown: uuid.UUID | None, actor: User | None, address: str | None) -> bool:
    """Undo a named link, once: unlink, end the connection that it came from, report the client to staff.

    The stranger's assistant may have unlinked first, or the person; the rest is done all the same. A link that was made
    anew meanwhile is undone only if it is the one that the person was `shown`: False if it is not, and nothing is
    done. `actor` is None when the person came from the e-mail without signing in.
    """
    _lock(named)
    found = find_disowning(named)
    if found.is_done:
        return True
    if found.link is not None:
        if found.link.pk != shown:
            return False
        disown_link(link=found.link, actor=actor, address=address)
    if found.link is None or found.link.pk != named.link_id:
        _disown_what_is_left(named, found, actor=actor, address=address)
    return True


def _disown_what_is_left(named: NamedLink, found: Disowning, *, actor: User | None, address: str | None) -> None:
    session = found.session
    identity = {"subject": session.user.subject} if session else {}
    record_audit(
        LinkingAction.LINK_DISOWNED,
        actor=actor,
        account=found.account,
        client_id=session.client.client_id if session else "",
        session_id=named.session_id,
        address=address,
        detail={"link": str(named.link_id), **identity},
    )
    if session is None:
        return
    # It may act for somebody else by now, and is theirs to end.
    if not AccountLink.objects.filter(user=session.user).exclude(account=named.account_id).exists():
        end_session(session=session, reason=ConnectorSession.EndReason.DISOWNED, actor=actor, address=address)
    flag_client(client=session.client, actor=actor, address=address)


def _lock(named: NamedLink) -> None:
    """Wait for whoever links or ends the same connection, who locks in the same order."""
    list(User.objects.select_for_update(no_key=True).filter(pk__in=_sessions(named).values("user_id")))
    list(_sessions(named).select_for_update(no_key=True))


def _sessions(named: NamedLink) -> QuerySet[ConnectorSession]:
    # Staff or the assistant may have removed the client, and the connection with it.
    return ConnectorSession.objects.filter(pk__in=[named.session_id])


def _is_disowned(named: NamedLink) -> bool:
    rows = AuditEntry.objects.filter(action=LinkingAction.LINK_DISOWNED, session_id=named.session_id)
    return any(row.detail.get("link") == str(named.link_id) for row in rows)
