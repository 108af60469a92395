"""What people do in a browser on the pages of linking, for tests."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import User
from linking.confirming import question_about
from linking.models import AccountLink, LinkingCode
from linking.tests.builders import make_linking_code
from oauth.models import ConnectorSession


def signed_in(account: User, **options: Any) -> Browser:
    """A browser in which `account` is signed in."""
    browser = Browser(**options)
    browser.force_login(account)
    return browser


def type_code(browser: Browser, **fields: Any) -> LinkingCode:
    """Make a code and type it."""
    row, code = make_linking_code(**fields)
    assert browser.post("/link", {"code": code})["Location"] == "/link/confirm"
    return row


def decide(browser: Browser, decision: str, **options: Any) -> Any:
    """Press a button of the confirm page, as it shows the code that was typed last in this browser."""
    code_id = browser.session.get("linking_pending_code", {}).get("code_id", "")
    return browser.post("/link/confirm", answer_about(code_id, decision), **options)


def answer_about(code_id: Any, decision: str = "link") -> dict[str, str]:
    """The form of the page that asks about a code, as the page shows it now."""
    row = LinkingCode.objects.with_connection().filter(pk=code_id).first() if code_id else None
    question = question_about(row, account=row.user, code="") if row else None
    return {"decision": decision, "code_id": str(code_id), "stamp": question.stamp if question else ""}


def text_of(response: Any) -> str:
    """The page."""
    return str(response.content.decode())


def grow_old(browser: Browser, by: timedelta) -> None:
    """Let the sign-in of this browser have happened `by` ago."""
    User.objects.update(date_joined=timezone.now() - timedelta(days=100))
    session = browser.session
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [{"method": "password", "at": time.time() - by.total_seconds()}]
    session["account_authentication_methods_user"] = str(browser.session["_auth_user_id"])
    session.save()


def end(browser: Browser, session: ConnectorSession) -> Any:
    """Press *End connection*."""
    return browser.post(f"/account/connections/{session.pk}/end")


def unlink(browser: Browser, link: AccountLink) -> Any:
    """Press *Unlink*."""
    return browser.post(f"/account/links/{link.pk}/unlink")
