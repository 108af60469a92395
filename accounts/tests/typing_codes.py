"""Every page on which a code from an e-mail is typed, brought to where it waits for the code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Any

from django.contrib.sessions.models import Session
from django.core import mail
from django.test import Client

from accounts.models import User
from accounts.tests.builders import PASSWORD, make_user
from accounts.tests.mails import code_in

EMAIL = "ada@example.com"


@dataclass
class Waiting:
    """A browser that waits for a code: where it is typed, which it is, and what shows that it was taken."""

    browser: Client
    page: str
    code: str
    was_taken: Callable[[], bool]

    def type(self, code: str, browser: Client | None = None) -> Any:
        """Type a code, in this browser or in another with the same cookie."""
        return (browser or self.browser).post(self.page, {"code": code})

    def same_browser(self) -> Client:
        """One more connection of the same browser."""
        copy = Client(raise_request_exception=False)
        copy.cookies = SimpleCookie({name: morsel.value for name, morsel in self.browser.cookies.items()})
        return copy

    def session_now(self) -> str:
        """What the website session holds."""
        return Session.objects.get(pk=self.browser.session.session_key).session_data

    def set_session(self, session_data: str) -> None:
        """Let the session hold what another request read before this one saved it."""
        Session.objects.filter(pk=self.browser.cookies["dexter_session"].value).update(session_data=session_data)


def wait_to_sign_in() -> Waiting:
    """Somebody asked for a code to sign in."""
    if not User.objects.exists():
        make_user(EMAIL)
    browser = Client()
    browser.post("/account/login/code/", {"email": EMAIL})
    page = "/account/login/code/confirm/"
    return Waiting(browser, page, code_in(mail.outbox[-1]), lambda: "_auth_user_id" in browser.session)


def wait_to_reset() -> Waiting:
    """Somebody forgot the password."""
    if not User.objects.exists():
        make_user(EMAIL)
    browser = Client()
    browser.post("/account/password/reset/", {"email": EMAIL})

    def was_taken() -> bool:
        return browser.get("/account/password/reset/complete/").status_code == 200

    return Waiting(browser, "/account/password/reset/confirm/", code_in(mail.outbox[-1]), was_taken)


def wait_to_sign_up() -> Waiting:
    """Somebody made an account, on a site that wants addresses to be confirmed first."""
    browser = Client()
    browser.post("/account/signup/", {"email": EMAIL, "password1": PASSWORD})
    return Waiting(
        browser, "/account/confirm-email/", code_in(mail.outbox[-1]), lambda: "_auth_user_id" in browser.session
    )


def wait_to_change_email() -> Waiting:
    """Somebody who is signed in wants another address."""
    ada = make_user(EMAIL)
    browser = Client()
    browser.force_login(ada)
    browser.post("/account/email/", {"email": "new@example.com"})

    def was_taken() -> bool:
        ada.refresh_from_db()
        return ada.email == "new@example.com"

    return Waiting(browser, "/account/email/confirm/", code_in(mail.outbox[-1]), was_taken)


EVERY_KIND = [wait_to_sign_in, wait_to_reset, wait_to_sign_up, wait_to_change_email]
