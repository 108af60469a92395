"""The accounts app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    """People: accounts, guests and the audit log."""

    name = "accounts"
    verbose_name = _("People")

    def ready(self) -> None:
        """Connect the receivers of signals, and the check of a deployment."""
        from accounts import audit_receivers, checks, proofs  # noqa: F401
