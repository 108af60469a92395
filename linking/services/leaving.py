"""Deleting an account, at its own request."""

from __future__ import annotations

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction

from accounts.audit import AccountAction, record_audit
from accounts.errors import AccountGone, LastSuperuser
from accounts.mail import send_mail_later
from accounts.models import User
from accounts.overtaking import again_if_overtaken
from accounts.services import end_other_browsers, lock_for_deletion
from linking.models import AccountLink
from linking.services.connections import end_all_connections
from linking.services.links import remove_link


@transaction.atomic
def end_unproven_connections(account: User, address: str | None) -> None:
    """End what acts for an account, and its links: whoever connected it had not proven that the account is theirs."""
    end_all_connections(account=account, address=address)
    for link in AccountLink.objects.with_parties().filter(account=account).order_by("pk"):
        remove_link(link=link, actor=account, address=address)


def delete_account(*, account: User, address: str | None) -> None:
    """Delete an account with all that is its own: connections, links, ways to sign in, browsers.

    Identities that were linked to it stay, with their connections, and act for nobody. The audit log keeps the
    account's subject, and no address to write to. A last mail says that it happened.

    Raises:
        AccountGone: it is deleted already, by another request.
        LastSuperuser: nobody else may look after the site.
    """
    try:
        again_if_overtaken(lambda: _delete(account, address))
    except LastSuperuser as refusal:
        action = AccountAction.DELETION_REFUSED
        record_audit(action, actor=account, account=account, address=address, reason=refusal.reason)
        raise


@transaction.atomic
def _delete(account: User, address: str | None) -> None:
    # In one order for everybody: of the last two superusers who delete themselves at once, one stays.
    superusers = User.objects.select_for_update(no_key=True).filter(is_superuser=True, is_active=True).order_by("pk")
    if account.is_superuser and [user.pk for user in superusers] == [account.pk]:
        raise LastSuperuser
    lock_for_deletion(User.objects.filter(pk=account.pk))
    if not User.objects.filter(pk=account.pk).exists():
        raise AccountGone
    for link in AccountLink.objects.with_parties().filter(account=account):
        remove_link(link=link, actor=account, address=address)
    end_all_connections(account=account, address=address)
    end_other_browsers(account=account, session_key=None, address=address)
    send_mail_later(template="deleted", account=account, context={})
    record_audit(AccountAction.DELETED, actor=account, account=account, address=address)
    # What staff did to the account is kept under its e-mail address by Django's own log.
    content_type = ContentType.objects.get_for_model(User)
    LogEntry.objects.filter(content_type=content_type, object_id=str(account.pk)).update(object_repr=account.subject)
    # Not the instance, which would forget its key even when the transaction then fails and is done again.
    User.objects.filter(pk=account.pk).delete()
