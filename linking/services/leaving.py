"""Deleting people: an account at its own request, and anybody at that of staff."""

from __future__ import annotations

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Q

from accounts.audit import AccountAction, record_audit
from accounts.errors import AccountGone, LastSuperuser
from accounts.mail import send_mail_later
from accounts.models import User
from accounts.overtaking import again_if_overtaken
from accounts.services import end_other_browsers
from linking.models import AccountLink
from linking.services.ending import end_all_connections
from linking.services.links import remove_link
from oauth.models import ConnectorSession


@transaction.atomic
def end_unproven_connections(account: User, address: str | None) -> None:
    """End what acts for an account, and its links: whoever connected it had not proven that the account is theirs."""
    end_all_connections(account=account, address=address, reason=ConnectorSession.EndReason.UNPROVEN)


def delete_account(*, account: User, address: str | None, actor: User | None = None) -> None:
    """Delete an account, or a guest, with all that is its own: connections, links, ways to sign in, browsers.

    `actor` is the member of staff who does it, None for the person. Identities that were linked to it stay, with their
    connections, and act for nobody. The audit log keeps the subject, and no address to write to. A last mail says that
    it happened.

    Raises:
        AccountGone: it is deleted already, by another request.
        LastSuperuser: nobody else may look after the site.
    """
    actor = actor or account
    try:
        again_if_overtaken(lambda: _delete(account, actor, address))
    except LastSuperuser as refusal:
        action = AccountAction.DELETION_REFUSED
        record_audit(action, actor=actor, account=account, address=address, reason=refusal.reason)
        raise


@transaction.atomic
def _delete(account: User, actor: User, address: str | None) -> None:
    # In one order for everybody: of the last two superusers who delete themselves at once, one stays.
    superusers = User.objects.select_for_update(no_key=True).filter(is_superuser=True, is_active=True).order_by("pk")
    if account.is_superuser and [user.pk for user in superusers] == [account.pk]:
        raise LastSuperuser
    if not _lock(account):
        raise AccountGone
    for link in AccountLink.objects.with_parties().filter(Q(account=account) | Q(user=account)):
        remove_link(link=link, actor=actor, address=address)
    end_all_connections(account=account, address=address, actor=actor, reason=ConnectorSession.EndReason.DELETED)
    end_other_browsers(account=account, session_key=None, address=address, actor=actor)
    if account.email:
        send_mail_later(template="deleted", account=account, context={"by_staff": actor != account})
    detail = None if actor == account else {"subject": account.subject}
    record_audit(AccountAction.DELETED, actor=actor, account=account, address=address, detail=detail)
    # What staff did to the account is kept under its e-mail address by Django's own log.
    content_type = ContentType.objects.get_for_model(User)
    LogEntry.objects.filter(content_type=content_type, object_id=str(account.pk)).update(object_repr=account.subject)
    # Not the instance, which would forget its key even when the transaction then fails and is done again.
    User.objects.filter(pk=account.pk).delete()


def _lock(account: User) -> bool:
    """Let what is being done in its name be finished, and nothing new begin. False when it is gone.

    The order, people before their connections, is everybody's: nobody waits in a circle.
    """
    found = list(User.objects.select_for_update(no_key=True).filter(pk=account.pk))
    list(ConnectorSession.objects.select_for_update(no_key=True).filter(user=account).order_by("pk").values_list("pk"))
    return bool(found)
