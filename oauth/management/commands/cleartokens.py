"""`manage.py cleartokens`: django-oauth-toolkit's command under its own name, doing what is right for our rows."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from oauth.services import sweep_oauth


class Command(BaseCommand):
    """Takes the place of upstream's, because `oauth` stands before `oauth2_provider` in INSTALLED_APPS.

    Upstream's deletes every refresh token without an access token as an orphan. Ours never have one: a session's tokens
    hang on the session, so that would end every connection at its next refresh.
    """

    help = (
        "Delete expired tokens and codes, old sessions and registrations that nobody uses, as `manage.py housekeeping` "
        "does for the whole site. This is Dexter's own command: the one of django-oauth-toolkit, which it replaces, "
        "would delete every refresh token and so end every connection."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Sweep, and say what went."""
        for kind, count in sweep_oauth().items():
            self.stdout.write(f"{kind.replace('_', ' ')}: {count}")
