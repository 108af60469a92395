"""Background work of the authorization server."""

from __future__ import annotations

from celery import shared_task

from oauth.services import sweep_oauth


@shared_task
def sweep() -> dict[str, int]:
    """Delete expired tokens and codes, old sessions and dead registrations."""
    return sweep_oauth()
