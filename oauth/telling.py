"""What people are told by e-mail about the connections that act for their accounts."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.utils import timezone

from accounts.mail import send_mail_later
from accounts.models import User
from oauth.bearer import account_behind
from oauth.models import Client, ConnectorSession


def session_in_mail(session: ConnectorSession) -> dict[str, Any]:
    """What mails say of a connection: what it is called, whose word that is, and where it goes."""
    client = session.client
    return {
        "assistant": str(client),
        "verified_host": client.verified_host,
        "claiming_host": client.claiming_host,
        "redirect_host": session.redirect_host,
        "redirect_kind": session.redirect_kind,
    }


def tell_connected(*, session: ConnectorSession) -> None:
    """Tell the person that a connection acts for their account from now on."""
    account = account_behind(session.user)
    if account is not None:
        send_mail_later(template="connected", account=account, context=session_in_mail(session))


def tell_ended(*, session: ConnectorSession, account: User) -> None:
    """Tell the person that staff ended a connection."""
    send_mail_later(template="connection_ended", account=account, context=session_in_mail(session))


# It stands here and not in `tasks`, which imports the services that enqueue it. There may be thousands to tell, for
# whom nobody at a page of the admin should wait.
@shared_task
def tell_blocked(client_pk: int) -> int:
    """Tell everybody for whom a client acts that staff have shut it out: one mail to an account, whatever it connected.

    Returns how many mails that are. Nobody is told of a client that was let in again meanwhile.
    """
    client = Client.objects.exclude(blocked_at=None).filter(pk=client_pk).first()
    if client is None:
        return 0
    live = ConnectorSession.objects.live(timezone.now()).filter(client=client, connected_at__isnull=False)
    told: set[int] = set()
    # The relation of an app to the right is named, not imported.
    for session in live.select_related("user__account_link__account").order_by("pk").iterator():
        account = account_behind(session.user)
        if account is None or account.pk in told:
            continue
        told.add(account.pk)
        send_mail_later(template="assistant_blocked", account=account, context={"assistant": str(client)})
    return len(told)
