"""Background work of linking."""

from __future__ import annotations

from celery import shared_task

from linking.services import sweep_linking


@shared_task
def sweep() -> dict[str, int]:
    """End expired codes, and delete old ones and idle counters."""
    return sweep_linking()
