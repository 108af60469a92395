"""Mail leaves after the transaction that caused it, from a task."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import transaction
from django.template import Context, Engine

from accounts.tasks import send_mail


def send_mail_later(*, template: str, to: str, context: dict[str, Any]) -> None:
    """Render `accounts/mail/<template>.subject.txt` and `.txt` now; send them once the transaction has committed.

    Templates get `site_name` and `public_url` as well, and escape nothing: they are plain text.
    """
    subject = render_text(f"accounts/mail/{template}.subject.txt", context)
    body = render_text(f"accounts/mail/{template}.txt", context)
    enqueue_mail(subject=subject, body=body, to=to)


def render_text(template_name: str, context: dict[str, Any]) -> str:
    """Render a plain-text template. Its links start with `public_url`, never with the host of a request."""
    values = {"site_name": settings.DEXTER_SITE_NAME, "public_url": settings.DEXTER_PUBLIC_URL, **context}
    template = Engine.get_default().get_template(template_name)
    return str(template.render(Context(values, autoescape=False))).strip()


def enqueue_mail(*, subject: str, body: str, to: str) -> None:
    """Send a rendered mail once the transaction has committed."""
    # A line break in a subject would start a header of the writer's own.
    arguments = {"subject": " ".join(subject.split()), "body": body + "\n", "to": to}
    # The body may hold a code: what Celery shows of the arguments, in logs and monitors, is not for it.
    transaction.on_commit(lambda: send_mail.apply_async(kwargs=arguments, kwargsrepr="{…}"))  # type: ignore[call-arg]
