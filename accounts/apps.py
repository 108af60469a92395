"""The accounts app."""

from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    """People: accounts, guests and the audit log."""

    name = "accounts"
    verbose_name = _("People")

    def ready(self) -> None:
        """Connect the receivers of signals, and the check of a deployment."""
        for name in ("audit_receivers", "checks", "proofs"):
            import_module(f"accounts.{name}")
