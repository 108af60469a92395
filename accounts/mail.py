"""Mail: a text, and the same text as HTML. It leaves after the transaction that caused it, from a task."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from celery.result import EagerResult
from django.conf import settings
from django.db import transaction
from django.template import Context, Engine
from django.template.loader import render_to_string
from django.utils import translation
from kombu.exceptions import OperationalError as QueueError

from accounts.contact import site_contact
from accounts.delivery import send_mail
from accounts.errors import MailNotSent
from accounts.links import without_links
from accounts.mail_blocks import blocks_of
from accounts.models import User

LONGEST_VALUE = 300


@dataclass(frozen=True, slots=True)
class Mail:
    """A rendered message."""

    subject: str
    text: str
    html: str

    def __repr__(self) -> str:
        # The text may hold a code.
        return "Mail(…)"


def send_mail_later(
    *, template: str, account: User, context: dict[str, Any], to: str = "", is_awaited: bool = False
) -> None:
    """Render `accounts/mail/<template>` now, in the account's language; send it once the transaction has committed.

    It goes to the account's address unless `to` says otherwise.
    What the message tells of has happened: that it cannot be sent is logged, and fails nobody's request. Unless
    somebody waits for it, as in `enqueue_mail`.
    """
    mail = render_mail(
        subject=f"accounts/mail/{template}.subject.txt",
        text=f"accounts/mail/{template}.txt",
        context=context,
        language=account.language,
    )
    enqueue_mail(mail, to=to or account.email or "", robust=not is_awaited)


def render_mail(*, subject: str, text: str, context: dict[str, Any], language: str = "") -> Mail:
    """Render two plain-text templates, and the second one once more as HTML.

    Templates get `site_name`, `public_url` and `contact` as well. Links start with `public_url`, never with the host
    of a request.
    """
    site = {"site_name": settings.DEXTER_SITE_NAME, "public_url": settings.DEXTER_PUBLIC_URL}
    known = {**site, "contact": site_contact(), **_plain_throughout(context)}
    with translation.override(language) if language else nullcontext():
        rendered = _render_text(text, known)
        # A line break in a subject would start a header of the writer's own.
        heading = " ".join(_render_text(subject, known).split())
        blocks = blocks_of(rendered, public_url=settings.DEXTER_PUBLIC_URL)
        html = render_to_string("accounts/mail/_message.html", {**known, "heading": heading, "blocks": blocks})
    return Mail(subject=heading, text=rendered + "\n", html=html)


def enqueue_mail(mail: Mail, *, to: str, robust: bool = False) -> None:
    """Send a rendered mail once the transaction has committed. `robust`: a failure to do so is logged, not raised.

    Raises:
        MailNotSent: the queue is away or, without a worker, the mail server does not take it.
    """
    arguments = {"subject": mail.subject, "body": mail.text, "html": mail.html, "to": to}
    transaction.on_commit(lambda: _enqueue(arguments), robust=robust)


def _enqueue(arguments: dict[str, Any]) -> None:
    try:
        # The body may hold a code: what Celery shows of the arguments, in logs and monitors, is not for it.
        # Its stubs want the positional arguments, which the task does not have.
        sent = send_mail.apply_async(kwargs=arguments, kwargsrepr="{…}")  # type: ignore[call-arg]
    except QueueError as error:
        raise MailNotSent from error
    # Without a worker it has run by now, and Celery keeps to itself what became of it.
    if isinstance(sent, EagerResult) and sent.failed():
        raise MailNotSent from sent.result


def _render_text(template_name: str, context: dict[str, Any]) -> str:
    template = Engine.get_default().get_template(template_name)
    return str(template.render(Context(context, autoescape=False))).strip()


def _plain_throughout(value: Any) -> Any:
    """The same with every text in it as `_plain` has it, however deep it is in lists and dictionaries."""
    if isinstance(value, str):
        return _plain(value)
    if isinstance(value, dict):
        return {key: _plain_throughout(each) for key, each in value.items()}
    return [_plain_throughout(each) for each in value] if isinstance(value, list) else value


def _plain(value: str) -> str:
    """A value that somebody else chose must not look like a paragraph, a code or a link of ours.

    Nor become a link of theirs, unless it is an address of ours.
    """
    line = " ".join(value.split())[:LONGEST_VALUE]
    is_ours = line.startswith(f"{settings.DEXTER_PUBLIC_URL}/") and " " not in line
    return line if is_ours else without_links(line)
