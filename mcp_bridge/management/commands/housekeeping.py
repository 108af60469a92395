"""`manage.py housekeeping`: what the Celery beat does in production, for a site without Celery."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from accounts.services import sweep_accounts
from linking.services import sweep_linking
from mcp_bridge.services import sweep_tool_calls
from oauth.services import sweep_oauth


class Command(BaseCommand):
    """Removes what no longer decides anything. May run at any time and as often as you like."""

    help = (
        "Remove expired codes and tokens, ended sessions, unused registrations, abandoned guests, old refusals and old "
        "records of tool calls, and print how many of each. Run it once a day when there is no Celery worker; running "
        "it again does no harm."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run every sweep and print what each removed."""
        sweeps = {
            "accounts": sweep_accounts,
            "oauth": sweep_oauth,
            "linking": sweep_linking,
            "mcp_bridge": sweep_tool_calls,
        }
        for app, sweep in sweeps.items():
            removed = sweep()
            counts = ", ".join(f"{kind.replace('_', ' ')} {count}" for kind, count in removed.items())
            self.stdout.write(f"{app}: {counts or 'nothing to do'}")
