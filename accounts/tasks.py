"""What the accounts app does in the background."""

from __future__ import annotations

from smtplib import SMTPException
from typing import Any

from celery import shared_task
from django.core.mail import EmailMessage

from accounts import services

MAIL_RETRIES = 8


@shared_task(bind=True, max_retries=MAIL_RETRIES)
def send_mail(self: Any, *, subject: str, body: str, to: str) -> None:
    """Send one mail, again after 10 s, 20 s, 40 s … when the mail server fails. May send twice.

    Without a worker the person waits for the page meanwhile, so that it is tried once.
    """
    try:
        EmailMessage(subject=subject, body=body, to=[to]).send()
    except (SMTPException, OSError) as error:
        if self.request.is_eager:
            raise
        raise self.retry(exc=error, countdown=10 * 2**self.request.retries) from error


@shared_task
def sweep() -> dict[str, int]:
    """Remove abandoned guests and expired website sessions."""
    return services.sweep_accounts()
