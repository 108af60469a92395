"""Mail leaves after the transaction that caused it, from a task."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string

from accounts.tasks import send_mail


def send_mail_later(*, template: str, to: str, context: dict[str, Any]) -> None:
    """Render `accounts/mail/<template>.subject.txt` and `.txt` now; send them once the transaction has committed."""
    values = {"site_name": settings.DEXTER_SITE_NAME, "public_url": settings.DEXTER_PUBLIC_URL, **context}
    subject = render_to_string(f"accounts/mail/{template}.subject.txt", values)
    body = render_to_string(f"accounts/mail/{template}.txt", values)
    enqueue_mail(subject=subject, body=body, to=to)


def enqueue_mail(*, subject: str, body: str, to: str) -> None:
    """Send a rendered mail once the transaction has committed."""
    # A line break in a subject would start a header of the writer's own.
    one_line = " ".join(subject.split())
    transaction.on_commit(lambda: send_mail.delay(subject=one_line, body=body.strip() + "\n", to=to))
