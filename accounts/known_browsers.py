"""The cookie of a browser in which an account was signed in: what strangers use up is not taken from its owner.

Whoever knows an address can type wrong codes for it, and have codes sent to it, until there is no room for more. The
browser that signed in before counts for itself (OWASP, "Device Cookies"). The cookie is worth no sign-in and no code.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponseBase
from django.utils.crypto import constant_time_compare

from accounts.keyed_digests import keyed_digests
from accounts.models import User

COOKIE_LIFETIME = timedelta(days=365)
# A browser that is in use gets a new one long before the old one ends.
COOKIE_RENEWED_AFTER = timedelta(days=30)
# Every page on which a code is asked for or typed is below it, and nothing else needs to see the cookie.
COOKIE_PATH = "/account/"
# A salt of its own: no other signed value of this site can be replayed as this one, nor this one as anything else.
COOKIE_SALT = "accounts.known_browsers.cookie"


@dataclass(frozen=True, slots=True)
class KnownBrowser:
    """A browser in which an account was signed in."""

    account_id: int
    browser_id: str


def known_browser_cookie_name() -> str:
    """The name of the cookie. Over https its prefix keeps pages without TLS from planting one; it has a path."""
    return "__Secure-dexter_browser" if settings.SESSION_COOKIE_SECURE else "dexter_browser"


def read_known_browser(request: HttpRequest, *, email: str) -> KnownBrowser | None:
    """The browser, if it is known for the account whose address is `email`; None in every other browser.

    None as well when the cookie was tampered with or is older than a year, when it is about another account, and when
    since then the password was changed or the account was signed out of some browser by its owner or staff.
    """
    account = User.objects.filter(email=email.lower(), is_guest=False, is_active=True).first() if email else None
    return _read(request, account, max_age=COOKIE_LIFETIME) if account is not None else None


def remember_browser(request: HttpRequest, response: HttpResponseBase) -> None:
    """Let the browser of a signed-in account be known from now on, unless it is already.

    Only where the browser shows the cookie: elsewhere it always looks as if there was none.
    """
    signed_in = request.user
    if not isinstance(signed_in, User) or signed_in.is_guest or not request.path.startswith(COOKIE_PATH):
        return
    if _read(request, signed_in, max_age=COOKIE_RENEWED_AFTER) is not None:
        return
    # The request may have changed what the stamp is made of, in another object.
    account = User.objects.filter(pk=signed_in.pk).first()
    if account is None:
        return
    content = {"account": account.subject, "id": secrets.token_urlsafe(16), "stamp": access_stamp(account)}
    response.set_cookie(
        known_browser_cookie_name(),
        signing.dumps(content, salt=COOKIE_SALT),
        max_age=COOKIE_LIFETIME,
        path=COOKIE_PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def access_stamp(account: User) -> str:
    """What changes with the password, and whenever the account is signed out of another browser."""
    return _stamps(account)[0]


def is_access_stamp(stamp: str, account: User) -> bool:
    """Whether neither has changed since this was the account's, under this secret key or one before it."""
    return any(constant_time_compare(stamp, one) for one in _stamps(account))


def _read(request: HttpRequest, account: User, *, max_age: timedelta) -> KnownBrowser | None:
    value = request.COOKIES.get(known_browser_cookie_name())
    if not value:
        return None
    try:
        content = signing.loads(value, salt=COOKIE_SALT, max_age=max_age)
    except signing.BadSignature:
        return None
    is_its_own = content["account"] == account.subject
    if not is_its_own or not is_access_stamp(content["stamp"], account):
        return None
    return KnownBrowser(account_id=account.pk, browser_id=content["id"])


def _stamps(account: User) -> list[str]:
    # One for each secret key that the site has or had.
    states = [
        f"{auth_hash}:{account.browser_epoch}"
        for auth_hash in (account.get_session_auth_hash(), *account.get_session_auth_fallback_hash())
    ]
    return [keyed_digests("accounts.known_browsers.stamp", state)[n][:32] for n, state in enumerate(states)]
