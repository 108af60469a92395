"""Somebody whose browser is about to be handed over: a Django test client that walks the real views.

Runs in a process of its own on the database of a running site (`tests.pages.seeding`); the cookies go to a browser.
"""

from __future__ import annotations

import random
import re
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.core import mail
from django.test import Client as HttpClient
from django.utils import timezone

from accounts.models import User
from accounts.tests.builders import PASSWORD, make_user


def _from_an_address_of_its_own() -> HttpClient:
    # Limits count per address, and many visitors come in one second. Not the global generator, which tests seed.
    chance = random.SystemRandom()
    address = f"198.18.{chance.randrange(256)}.{chance.randrange(256)}"
    return HttpClient(REMOTE_ADDR=address, HTTP_HOST=urlsplit(settings.DEXTER_PUBLIC_URL).netloc)


@dataclass
class Visitor:
    """A browser that was never here; `sign_in` makes an account and signs in to it."""

    http: HttpClient = field(default_factory=_from_an_address_of_its_own)
    email: str = field(default_factory=lambda: f"ada.{secrets.token_hex(4)}@example.com")
    _account: User | None = None

    @property
    def account(self) -> User:
        """Who is signed in."""
        assert self._account is not None, "nobody signed in"
        return self._account

    def make_account(self) -> User:
        """Make the account, and stay signed out."""
        self._account = make_user(self.email)
        return self._account

    def sign_in(self) -> User:
        """Sign in through the page, which leaves behind whatever a sign-in leaves behind."""
        account = self.make_account()
        self.post_password()
        return account

    def post_password(self) -> None:
        """Post the form of the sign-in page."""
        self.post("/account/login/", login=self.email, password=PASSWORD)

    def let_the_sign_in_grow_old(self) -> None:
        """Let the sign-in and the account be a day old."""
        session = self.http.session
        for record in session.get("account_authentication_methods", []):
            record["at"] -= 24 * 3600
        session.save()
        User.objects.filter(pk=self.account.pk).update(date_joined=timezone.now() - timedelta(days=1))

    def post(self, path: str, **form: str) -> None:
        """Post a form that is answered with a redirect.

        Raises:
            AssertionError: a page came back, which says what is wrong.
        """
        answer = self.http.post(path, form, secure=settings.SESSION_COOKIE_SECURE)
        assert answer.status_code == 302, f"{path} answered {answer.status_code}: {answer.content.decode()}"

    def read_messages(self) -> None:
        """Look at the page that says what was done."""
        self.http.get("/account/", secure=settings.SESSION_COOKIE_SECURE)

    def mailed_code(self) -> str:
        """The code in the last e-mail to this visitor."""
        [*_, last] = [message for message in mail.outbox if self.email in message.to]
        found = re.search(r"\b\d{4}-\d{4}\b", str(last.body))
        assert found is not None, last.body
        return found[0]
