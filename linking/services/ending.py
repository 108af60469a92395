"""Ending what acts for an account, at its own request."""

from __future__ import annotations

import uuid

from django.db import transaction

from accounts.models import User
from linking.errors import ConnectionNotFound
from linking.models import AccountLink
from linking.services.connections import connections_of, sessions_of
from linking.services.links import remove_link
from oauth.models import ConnectorSession
from oauth.services import end_session


@transaction.atomic
def end_connection(*, account: User, session_id: uuid.UUID, address: str | None) -> AccountLink | None:
    """End one connection of `account`, and take its identity's link away with the last one.

    Whoever ends a stranger's assistant wants the stranger out, and a link that stayed would say that they are not.
    Returns the link that is left because others of the same identity act for the account by it, if there is one.

    Raises:
        ConnectionNotFound: there is none with this id, or it is somebody else's.
    """
    _lock_identity(session_id)
    session = sessions_of(account).select_related("user").filter(pk=session_id).first()
    if session is None:
        raise ConnectionNotFound("not_of_this_account")
    end_session(session=session, reason=ConnectorSession.EndReason.USER, actor=account, address=address)
    link = AccountLink.objects.with_parties().filter(user=session.user_id, account=account).first()
    if link is None or connections_of(account).filter(user=session.user_id).exists():
        return link
    remove_link(link=link, actor=account, address=address)
    return None


@transaction.atomic
def end_all_connections(
    *,
    account: User,
    address: str | None,
    actor: User | None = None,
    reason: ConnectorSession.EndReason = ConnectorSession.EndReason.USER,
) -> int:
    """End every connection that acts for `account`, and take its links away; `actor` is who does it if not the person.

    Returns how many connections this call ended. Afterwards nothing acts for the account, and nothing will that is not
    allowed or linked anew.
    """
    actor = actor or account
    # In one order for everybody who locks several, and connections before links.
    live = sessions_of(account).select_related("user").filter(ended_at=None).order_by("pk")
    ended = sum(end_session(session=session, reason=reason, actor=actor, address=address) for session in live)
    for link in AccountLink.objects.with_parties().filter(account=account).order_by("pk"):
        remove_link(link=link, actor=actor, address=address)
    return ended


def _lock_identity(session_id: uuid.UUID) -> None:
    """Whoever connects as the same identity, or ends another connection of it, waits: so one is the last."""
    identity = ConnectorSession.objects.filter(pk=session_id).values("user_id")
    list(User.objects.select_for_update(no_key=True).filter(pk__in=identity))
