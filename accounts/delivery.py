"""The task that hands a rendered mail to the mail server."""

from __future__ import annotations

from smtplib import SMTPException
from typing import Any

from celery import shared_task
from django.core.mail import EmailMultiAlternatives

from accounts.contact import contact_address

MAIL_RETRIES = 8


@shared_task(bind=True, max_retries=MAIL_RETRIES)
def send_mail(self: Any, *, subject: str, body: str, to: str, html: str = "") -> None:
    """Send one mail, as text and as HTML, again after 10 s, 20 s, 40 s … when the mail server fails. May send twice.

    Without a worker the person waits for the page meanwhile, so that it is tried once.
    """
    try:
        # Whoever answers is read by somebody, where the site says by whom.
        answers = [address] if (address := contact_address()) else None
        message = EmailMultiAlternatives(subject=subject, body=body, to=[to], reply_to=answers)
        if html:
            message.attach_alternative(html, "text/html")
        message.send()
    except (SMTPException, OSError) as error:
        if self.request.is_eager:
            raise
        raise self.retry(exc=error, countdown=10 * 2**self.request.retries) from error
