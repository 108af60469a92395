"""The limit on mail that anybody can have sent to any address by typing it."""

from __future__ import annotations

from django.db import transaction
from django.utils.crypto import salted_hmac

from accounts import counters
from accounts.limits import MAILS_PER_DAY, MAILS_PER_HOUR


@transaction.atomic
def admit_asked_mail(*, email: str) -> bool:
    """Count one more mail to `email`, whatever it is about; False when it has had enough for now.

    Whether the address has an account makes no difference, and nor does who asks or from where.
    """
    digest = salted_hmac("accounts.asked_mail", email.lower(), algorithm="sha256").hexdigest()
    return counters.take_each({f"mail:hour:{digest}": MAILS_PER_HOUR, f"mail:day:{digest}": MAILS_PER_DAY})
