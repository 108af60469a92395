"""`/styleguide/mail/`: every mail with example values, rendered by the code that sends it. In debug only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from csp.constants import NONE, UNSAFE_INLINE
from csp.decorators import csp
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.mail import Mail, render_mail

EXAMPLE_AT = datetime(2026, 1, 2, 15, 4, tzinfo=UTC)
# Whatever a mail may say, the preview loads and runs nothing; its style is in attributes, as mail programs read it.
MAIL_POLICY = {
    "default-src": [NONE],
    "style-src": [UNSAFE_INLINE],
    "base-uri": [NONE],
    "form-action": [NONE],
    "frame-ancestors": [NONE],
    "sandbox": True,
}


@dataclass(frozen=True, slots=True)
class Example:
    """A mail's two templates, and values as its sender has them."""

    name: str
    subject: str
    text: str
    context: dict[str, Any]


def examples() -> list[Example]:
    """One of every mail."""
    code = {"code": "4096-2187"}
    done = {"timestamp": EXAMPLE_AT, "browser": "Firefox on Linux", "address": "192.0.2.7"}
    unverified = {"assistant": "Claude Code", "verified_host": None, "redirect_host": "127.0.0.1:33418"}
    verified = {"assistant": "ChatGPT", "verified_host": "chatgpt.com", "redirect_host": "chatgpt.com"}
    link = {
        "linked_at": EXAMPLE_AT,
        "disown_url": f"{settings.DEXTER_PUBLIC_URL}{reverse('linking:disown')}?token=example",
        "account_url": settings.DEXTER_PUBLIC_URL + reverse("linking:account"),
    }
    ours: dict[str, dict[str, Any]] = {
        "connected": unverified,
        "connection_ended": verified,
        "deleted": {},
        "email_changed": {"new_email": "n***@example.com"},
        "email_wanted": {},
        "factors_removed": {},
        "password_set_by_staff": {"has_password": True},
        "linked": {"assistant": "ChatGPT", "verified_host": "chatgpt.com", **link},
    }
    allauths: dict[str, dict[str, Any]] = {
        "account/email/account_already_exists": {},
        "account/email/email_confirmation": code,
        "account/email/email_confirmation_signup": code,
        "account/email/login_code": code,
        "account/email/password_changed": done,
        "account/email/password_reset": done,
        "account/email/password_reset_code": code,
        "account/email/password_set": done,
        "account/email/unknown_account": {},
        "mfa/email/recovery_codes_generated": done,
        "mfa/email/totp_activated": done,
        "mfa/email/totp_deactivated": done,
        "mfa/email/webauthn_added": done,
        "mfa/email/webauthn_removed": done,
    }
    return [
        *(
            Example(name, f"accounts/mail/{name}.subject.txt", f"accounts/mail/{name}.txt", context)
            for name, context in ours.items()
        ),
        *(
            Example(prefix.rpartition("/")[2], f"{prefix}_subject.txt", f"{prefix}_message.txt", context)
            for prefix, context in allauths.items()
        ),
    ]


def render_example(example: Example) -> Mail:
    """The mail, in the language of the page that shows it."""
    return render_mail(subject=example.subject, text=example.text, context=example.context)


@require_safe
def mails(request: HttpRequest) -> HttpResponse:
    """The list."""
    rendered = [(example.name, render_example(example)) for example in examples()]
    return render(request, "styleguide/mail.html", {"mails": rendered})


@require_safe
# The decorator types its directives more narrowly than the settings of the same package.
@csp(MAIL_POLICY)  # type: ignore[arg-type]
def mail_html(request: HttpRequest, name: str) -> HttpResponse:
    """The HTML part of one mail, as a page of its own. No scripts, no forms: what is in a mail stays there."""
    found = next((example for example in examples() if example.name == name), None)
    if found is None:
        raise Http404
    return HttpResponse(render_example(found).html)
