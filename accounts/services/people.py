"""Changing accounts."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction

from accounts.audit import AccountAction, record_audit
from accounts.emails import mask_email
from accounts.errors import EmailTaken, MailNotSent
from accounts.mail import send_mail_later
from accounts.models import User
from accounts.services.browsers import end_other_browsers


def change_email(
    *,
    account: User,
    email: str,
    actor: User,
    address: str | None,
    session_key: str | None,
    is_proven: bool = False,
) -> None:
    """Give an account another e-mail address, tell the person at the one before, and sign out in every other browser.

    It counts as unproven until the person confirms it, unless they have just typed a code that was sent there.
    `session_key` is the session that goes on, if it is one of the account's.

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
            # Whoever sits at one of them may be the reason for the change.
            end_other_browsers(account=account, session_key=session_key, address=address, actor=actor)
    except IntegrityError:
        account.refresh_from_db(fields=["email"])
        raise EmailTaken from None


@transaction.atomic
def take_back_sign_up(*, account: User, address: str | None) -> bool:
    """Remove an account that has just been made and that nobody ever got into. Whether it was this call that did."""
    found = User.objects.filter(pk=account.pk, last_login=None).first()
    if found is None:
        return False
    detail = {"subject": found.subject}
    record_audit(AccountAction.DELETED, address=address, reason=MailNotSent.reason, detail=detail)
    found.delete()
    return True


@transaction.atomic
def set_password_of(
    *, account: User, password: str | None, actor: User, address: str | None, session_key: str | None
) -> None:
    """Give somebody another password, or none, as staff; tell them, and sign them out in every browser.

    `session_key` is the session that goes on, if `actor` does it to their own account.
    """
    account.set_password(password)
    account.save(update_fields=["password"])
    record_audit(AccountAction.PASSWORD_CHANGED, actor=actor, account=account, address=address, reason="staff")
    end_other_browsers(account=account, session_key=session_key, address=address, actor=actor)
    if account.email:
        context = {"has_password": account.has_usable_password()}
        send_mail_later(template="password_set_by_staff", account=account, context=context)


@transaction.atomic
def forget_unproven_access(*, account: User, session_key: str | None, address: str | None) -> bool:
    """Drop the password and every website session but this one, from before the address was proven.

    Anybody can sign up with another person's address and wait, signed in where that needs no proof. When that person
    proves the address, by signing in with a code or by resetting the password, the account is theirs alone. Returns
    whether there was a password.
    """
    had_password = account.has_usable_password()
    # Also where there is none: sessions are tied to what stands in this column, and end with it.
    account.set_unusable_password()
    account.save(update_fields=["password"])
    end_other_browsers(account=account, session_key=session_key, address=address)
    if had_password:
        record_audit(AccountAction.PASSWORD_CHANGED, account=account, address=address, reason="unproven_removed")
    return had_password


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


def keep_language(*, account: User, language: str) -> None:
    """Write to the account in `language` from now on. It grants nothing to anybody, so it leaves no audit row."""
    User.objects.filter(pk=account.pk).update(language=language)
