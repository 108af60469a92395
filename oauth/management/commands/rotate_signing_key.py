"""`manage.py rotate_signing_key`: sign ID tokens with a new key."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from oauth.keys import rotate_signing_key


class Command(BaseCommand):
    """Rotate the key that signs ID tokens."""

    help = (
        "Makes a new key that signs ID tokens from now on. The old key stays at the JWKS endpoint until the tokens "
        "that it signed have expired; `housekeeping` removes it then."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Rotate, and say which key signs now."""
        self.stdout.write(f"ID tokens are signed with the key {rotate_signing_key()} from now on.")
