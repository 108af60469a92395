"""Where allauth asks us about passkeys, authenticator apps and recovery codes."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import structlog
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import InvalidToken
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.encryption import encryption_for
from accounts.models import User

log = structlog.get_logger(__name__)

PURPOSE = "accounts.second_factor"


class SecondFactorAdapter(DefaultMFAAdapter):
    """Secrets are stored encrypted, and a passkey is for the host of DEXTER_PUBLIC_URL, whatever host was asked."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "cannot_generate_recovery_codes": gettext_lazy("Add a passkey or an authenticator app first."),
        "incorrect_code": gettext_lazy(
            "That did not work. A code of an app changes every 30 seconds; a recovery code works once."
        ),
        "incorrect_passkey": gettext_lazy("That did not work. Try again, or use another way."),
        "unverified_email": gettext_lazy("Confirm your email first, on your profile page."),
    }

    def encrypt(self, text: str) -> str:
        """The secret of an app or of recovery codes as it stands in the database."""
        return encryption_for(PURPOSE).encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """The secret again.

        Raises:
            ValidationError: it was encrypted under another DEXTER_SECRET_KEY; no code matches then.
        """
        try:
            return encryption_for(PURPOSE).decrypt(encrypted_text.encode()).decode()
        except InvalidToken:
            log.warning("second_factor.unreadable")
            raise self.validation_error("incorrect_code") from None

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """Whom a passkey is for: the host of DEXTER_PUBLIC_URL. Upstream's comes from the request's Host header."""
        return {"id": urlsplit(settings.DEXTER_PUBLIC_URL).hostname or "", "name": settings.DEXTER_SITE_NAME}

    # The name `type` is upstream's, which passes it by name.
    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:  # noqa: A002
        """What a passkey is called until the person says otherwise."""
        count = Authenticator.objects.filter(user_id=user.pk, type=type).count()
        return _("Passkey %(number)d") % {"number": count + 1} if count else _("Passkey")

    def _get_site_name(self) -> str:
        return str(settings.DEXTER_SITE_NAME)


def has_app(account: User) -> bool:
    """Whether the account has an authenticator app."""
    return Authenticator.objects.filter(user=account, type=Authenticator.Type.TOTP).exists()


def second_factors_of(account: User) -> dict[str, Any]:
    """What an account has: its passkeys, and when its app and its recovery codes were set up. No secrets."""
    rows = list(Authenticator.objects.filter(user=account).order_by("created_at"))
    return {
        "passkeys": [
            {"name": row.wrap().name, "added_at": row.created_at, "last_used_at": row.last_used_at}
            for row in rows
            if row.type == Authenticator.Type.WEBAUTHN
        ],
        **{
            row.type: {"added_at": row.created_at, "last_used_at": row.last_used_at}
            for row in rows
            if row.type != Authenticator.Type.WEBAUTHN
        },
    }
