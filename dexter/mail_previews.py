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

from accounts.limits import EMAIL_CODE_LIFETIME, MAILED_CODE_LIFETIME, in_minutes
from accounts.mail import Mail, render_mail
from oauth.redirects import DestinationKind

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
    """Every mail, and those that say different things in different cases in each of them."""
    sign_in = {"code": "4096-2187", "minutes": in_minutes(MAILED_CODE_LIFETIME)}
    prove = {"code": "4096-2187", "minutes": in_minutes(EMAIL_CODE_LIFETIME)}
    done = {"timestamp": EXAMPLE_AT, "browser": "Firefox on Linux", "address": "192.0.2.7"}
    unverified = _connection("Claude Code", redirect_host="127.0.0.1", redirect_kind=DestinationKind.PROGRAM)
    described = _connection("ChatGPT", redirect_host="chatgpt.com", claiming_host="chatgpt.com")
    vouched = _connection("House", redirect_host="house.example.com", verified_host="house.example.com")
    link = {
        "linked_at": EXAMPLE_AT,
        "disown_url": f"{settings.DEXTER_PUBLIC_URL}{reverse('linking:disown')}?token=example",
        "account_url": settings.DEXTER_PUBLIC_URL + reverse("linking:account"),
        "others": [],
        "more": 0,
    }
    # What follows a dash tells the mails of one template apart.
    ours: dict[str, dict[str, Any]] = {
        "assistant_blocked": {"assistant": "Claude Code"},
        "connected": unverified,
        "connected-described": described,
        "connected-vouched": vouched,
        "connection_ended": described,
        "deleted": {},
        "email_changed": {"new_email": "n***@example.com"},
        "email_wanted": {},
        "factors_removed": {},
        "password_set_by_staff": {"has_password": True},
        "password_set_by_staff-removed": {"has_password": False},
        "linked": {**described, **link},
        "linked-others": {**unverified, **link, "others": [vouched, unverified]},
        "unlinked": {"unlinked": [described, {"assistant": ""}]},
    }
    allauths: dict[str, dict[str, Any]] = {
        "account/email/account_already_exists": {},
        "account/email/email_confirmation": prove,
        "account/email/email_confirmation_signup": prove,
        "account/email/login_code": sign_in,
        "account/email/password_changed": done,
        "account/email/password_reset": done,
        "account/email/password_reset_code": sign_in,
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
            Example(name, f"accounts/mail/{template}.subject.txt", f"accounts/mail/{template}.txt", context)
            for name, context in ours.items()
            for template in [name.partition("-")[0]]
        ),
        *(
            Example(prefix.rpartition("/")[2], f"{prefix}_subject.txt", f"{prefix}_message.txt", context)
            for prefix, context in allauths.items()
        ),
    ]


def _connection(
    name: str,
    *,
    redirect_host: str,
    redirect_kind: DestinationKind = DestinationKind.SITE,
    claiming_host: str = "",
    verified_host: str = "",
) -> dict[str, Any]:
    return {
        "assistant": name,
        "redirect_host": redirect_host,
        "redirect_kind": redirect_kind,
        "claiming_host": claiming_host,
        "verified_host": verified_host or claiming_host,
    }


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
