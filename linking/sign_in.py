"""Who may see the pages of linking. The rule is the account pages'; `accounts.sign_in` has it."""

from __future__ import annotations

from accounts.sign_in import account_required, ask_to_sign_in_again, signed_in_account, signed_in_recently

__all__ = ["account_required", "ask_to_sign_in_again", "signed_in_account", "signed_in_recently"]
