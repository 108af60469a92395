"""Changing accounts."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from accounts.audit import AccountAction, record_audit
from accounts.emails import mask_email
from accounts.errors import EmailTaken
from accounts.mail import send_mail_later
from accounts.models import User


def change_email(*, account: User, email: str, actor: User, address: str | None, is_proven: bool = False) -> None:
    """Give an account another e-mail address, and tell the person at the one before.

    It counts as unproven until the person confirms it, unless they have just typed a code that was sent there.

    Raises:
        EmailTaken: another account has it.
    """
    email, previous = email.strip().lower(), account.email
    try:
        with transaction.atomic():
            EmailAddress.objects.filter(user=account).delete()
            account.email = email
            account.save(update_fields=["email"])
            EmailAddress.objects.create(user=account, email=email, primary=True, verified=is_proven)
            record_audit(AccountAction.EMAIL_CHANGED, actor=actor, account=account, address=address)
            if previous and previous != email:
                context = {"new_email": mask_email(email)}
                send_mail_later(template="email_changed", account=account, to=previous, context=context)
    except IntegrityError:
        account.refresh_from_db(fields=["email"])
        raise EmailTaken from None


def change_profile(*, account: User, display_name: str, address: str | None) -> bool:
    """Save what assistants and staff may call the person. False when it was so already."""
    with transaction.atomic():
        others = User.objects.filter(pk=account.pk).exclude(display_name=display_name)
        changed = others.update(display_name=display_name) == 1
        if changed:
            record_audit(AccountAction.PROFILE_CHANGED, actor=account, account=account, address=address)
    return changed


def set_active(*, account: User, is_active: bool, actor: User, address: str | None) -> bool:
    """Let a person in again, or keep them out everywhere from now on. False when it was so already."""
    with transaction.atomic():
        changed = User.objects.filter(pk=account.pk, is_active=not is_active).update(is_active=is_active) == 1
        if changed:
            action = AccountAction.ACTIVATED if is_active else AccountAction.DEACTIVATED
            record_audit(action, actor=actor, account=account, address=address)
    return changed


def lock_for_deletion(people: QuerySet[User]) -> None:
    """Let what is being done in the name of people be finished, and nothing new begin, until the transaction ends.

    The order, people before their connections, is everybody's: nobody waits in a circle.
    """
    keys = list(people.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True))
    # A relation of an app to the right is named, not imported.
    connections = User._meta.get_field("connector_sessions").related_model._default_manager
    list(connections.select_for_update(no_key=True).filter(user__in=keys).order_by("pk").values_list("pk"))


def keep_language(*, account: User, language: str) -> None:
    """Write to the account in `language` from now on. It grants nothing to anybody, so it leaves no audit row."""
    User.objects.filter(pk=account.pk).update(language=language)
