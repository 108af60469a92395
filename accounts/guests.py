"""The guest cookie: how a browser that connects again without signing in is the same guest (design §2)."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponseBase

from accounts.errors import NotAGuest
from accounts.models import User

GUEST_COOKIE_LIFETIME = timedelta(days=365)
# A salt of its own: no other signed value of this site can be replayed as a guest, nor a guest as anything else.
GUEST_COOKIE_SALT = "accounts.guests.cookie"


def guest_cookie_name() -> str:
    """The name of the cookie. Over https its prefix makes browsers refuse one that another host planted."""
    return "__Host-dexter_guest" if settings.SESSION_COOKIE_SECURE else "dexter_guest"


def read_guest(request: HttpRequest) -> User | None:
    """The guest that this browser was last time, or None.

    None as well when the cookie was tampered with, is older than a year or names an account, when the guest is inactive
    or gone, and when guests are turned off. The guest is never put into the website's session.
    """
    value = request.COOKIES.get(guest_cookie_name())
    if not value or not settings.DEXTER_GUESTS_ENABLED:
        return None
    try:
        subject = _signer().unsign(value, max_age=GUEST_COOKIE_LIFETIME)
    except signing.BadSignature:
        return None
    return User.objects.filter(subject=subject, is_guest=True, is_active=True).first()


def remember_guest(response: HttpResponseBase, guest: User) -> None:
    """Let this browser be `guest` again, for a year from now.

    Raises:
        NotAGuest: `guest` is an account.
    """
    if not guest.is_guest:
        raise NotAGuest
    response.set_cookie(
        guest_cookie_name(),
        _signer().sign(guest.subject),
        max_age=GUEST_COOKIE_LIFETIME,
        path="/",
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def forget_guest(response: HttpResponseBase) -> None:
    """Let the next person at this browser be nobody's guest.

    Always, not only when the guest is linked to the account that leaves: whoever signs out, or deletes the account,
    hands the browser over, and what the guest will be linked to is not for who comes next. Who never signs in is the
    same guest for a year, as design §2 has it, or until the guest is linked.
    """
    response.delete_cookie(guest_cookie_name(), path="/", samesite="Lax")


def _signer() -> signing.TimestampSigner:
    return signing.TimestampSigner(salt=GUEST_COOKIE_SALT)
