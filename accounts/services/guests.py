"""Making guests."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction

from accounts.audit import AccountAction, record_audit
from accounts.errors import GuestsAreOff
from accounts.models import User


def create_guest(*, address: str | None) -> User:
    """Make a guest: a stable identity without e-mail address or password (design §2).

    Raises:
        GuestsAreOff: the site wants everybody to have an account.
    """
    if not settings.DEXTER_GUESTS_ENABLED:
        raise GuestsAreOff
    guest = User(is_guest=True)
    guest.set_unusable_password()
    with transaction.atomic():
        guest.save(force_insert=True)
        record_audit(AccountAction.GUEST_CREATED, actor=guest, account=guest, address=address)
    return guest
