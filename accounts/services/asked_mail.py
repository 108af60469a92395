"""The limit on mail that anybody can have sent to any address by typing it."""

from __future__ import annotations

from django.db import transaction
from django.utils.crypto import salted_hmac

from accounts import counters
from accounts.known_browsers import KnownBrowser
from accounts.limits import MAILS_OF_KNOWN_BROWSERS, MAILS_PER_DAY, MAILS_PER_HOUR, Limit


@transaction.atomic
def admit_asked_mail(*, email: str, browser: KnownBrowser | None = None) -> bool:
    """Count one more mail to `email`, whatever it is about; False when it has had enough for now.

    Whether the address has an account makes no difference, and nor does from where somebody asks. Only a `browser` that
    is known for the account with this address counts for itself: what strangers ask for takes nothing from it.
    """
    return counters.take_each(_limits(email) if browser is None else _limits_of(browser))


def _limits(email: str) -> dict[str, Limit]:
    digest = salted_hmac("accounts.asked_mail", email.lower(), algorithm="sha256").hexdigest()
    return {f"mail:hour:{digest}": MAILS_PER_HOUR, f"mail:day:{digest}": MAILS_PER_DAY}


def _limits_of(browser: KnownBrowser) -> dict[str, Limit]:
    own = f"{browser.account_id}:{browser.browser_id}"
    return {
        f"mail:known:hour:{own}": MAILS_PER_HOUR,
        f"mail:known:day:{own}": MAILS_PER_DAY,
        f"mail:known:all:{browser.account_id}": MAILS_OF_KNOWN_BROWSERS,
    }
