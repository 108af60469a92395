"""What the accounts app does in the background."""

from __future__ import annotations

from smtplib import SMTPException

from celery import shared_task
from django.core.mail import EmailMessage

from accounts import services


@shared_task(
    autoretry_for=(SMTPException, OSError), retry_backoff=10, retry_backoff_max=3600, retry_jitter=True, max_retries=8
)
def send_mail(*, subject: str, body: str, to: str) -> None:
    """Send one mail; may run twice, and then the person gets it twice."""
    EmailMessage(subject=subject, body=body, to=[to]).send()


@shared_task
def sweep() -> dict[str, int]:
    """Remove abandoned guests and expired website sessions."""
    return services.sweep_accounts()
