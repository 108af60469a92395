"""What the accounts app does in the background. `send_mail` is in a file that services can import."""

from __future__ import annotations

from celery import shared_task

from accounts.delivery import send_mail
from accounts.services import sweep_accounts

__all__ = ["send_mail", "sweep"]


@shared_task
def sweep() -> dict[str, int]:
    """Remove abandoned guests, expired website sessions and old refusals."""
    return sweep_accounts()
