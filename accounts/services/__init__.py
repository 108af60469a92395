"""What is done to people's rows. Each service owns its transaction and its audit row."""

from accounts.services.browsers import end_browser, end_other_browsers
from accounts.services.guests import create_guest
from accounts.services.people import change_email, change_profile, keep_language, lock_for_deletion, set_active
from accounts.services.second_factors import remove_second_factors
from accounts.services.sweeping import abandoned_guests, sweep_accounts

__all__ = [
    "abandoned_guests",
    "change_email",
    "change_profile",
    "create_guest",
    "end_browser",
    "end_other_browsers",
    "keep_language",
    "lock_for_deletion",
    "remove_second_factors",
    "set_active",
    "sweep_accounts",
]
