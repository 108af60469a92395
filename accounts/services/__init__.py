"""What is done to people's rows. Each service owns its transaction and its audit row."""

from accounts.services.asked_mail import admit_asked_mail
from accounts.services.browsers import end_browser, end_other_browsers
from accounts.services.guesses import (
    admit_factor_code,
    admit_mailed_code,
    admit_passkey_refusal,
    admit_password,
    forget_passwords,
    forgive_factor_code,
    forgive_mailed_code,
    forgive_password,
)
from accounts.services.guests import create_guest
from accounts.services.new_emails import PendingEmail, check_email_code, send_email_code
from accounts.services.people import (
    change_email,
    change_profile,
    forget_unproven_access,
    keep_language,
    set_active,
    set_password_of,
    take_back_sign_up,
)
from accounts.services.second_factors import remove_second_factors
from accounts.services.sweeping import abandoned_guests, sweep_accounts, sweep_refusals

__all__ = [
    "PendingEmail",
    "abandoned_guests",
    "admit_asked_mail",
    "admit_factor_code",
    "admit_mailed_code",
    "admit_passkey_refusal",
    "admit_password",
    "change_email",
    "change_profile",
    "check_email_code",
    "create_guest",
    "end_browser",
    "end_other_browsers",
    "forget_passwords",
    "forget_unproven_access",
    "forgive_factor_code",
    "forgive_mailed_code",
    "forgive_password",
    "keep_language",
    "remove_second_factors",
    "send_email_code",
    "set_active",
    "set_password_of",
    "sweep_accounts",
    "sweep_refusals",
    "take_back_sign_up",
]
