"""The browsers in which an account is signed in: one row for each website session."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import cast

from django.contrib.auth import HASH_SESSION_KEY
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _

from accounts.addresses import client_address
from accounts.models import BrowserSession, User
from accounts.sessions import SessionStore

# A page more or less does not matter to whoever looks for a stranger.
NOTED_EVERY = timedelta(minutes=1)
# The first that is found: Edge and Opera call themselves Chrome as well, and Chrome calls itself Safari.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "Mac"),
    ("Linux", "Linux"),
)


def describe_browser(user_agent: str) -> str:
    """`Firefox on Linux`, from what the browser says of itself, which is no proof of anything."""
    browser = next((name for mark, name in BROWSERS if re.search(rf"\b{mark}/", user_agent)), "")
    system = next((name for mark, name in SYSTEMS if mark in user_agent), "")
    if browser and system:
        return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return browser or system or _("Unknown browser")


def note_browser(request: HttpRequest) -> None:
    """Keep where and when a signed-in browser was last seen, once a minute at most."""
    key, now = request.session.session_key, timezone.now()
    if key is None or not isinstance(request.user, User):
        return
    last_seen_at = cast(SessionStore, request.session).browser_last_seen_at
    if last_seen_at is not None and last_seen_at > now - NOTED_EVERY:
        return
    seen = {
        "address": client_address(request),
        "user_agent": request.headers.get("User-Agent", "")[:255].replace("\x00", ""),
        "last_seen_at": now,
    }
    try:
        with transaction.atomic():
            BrowserSession.objects.update_or_create(session_id=key, defaults={"account": request.user, **seen})
    except IntegrityError:
        # The session was ended, or another request was faster.
        return


def live_browsers(account: User) -> list[BrowserSession]:
    """Where `account` is signed in now, last seen first. A session from before a password change is not."""
    rows = BrowserSession.objects.filter(account=account, session__expire_date__gt=timezone.now())
    current = account.get_session_auth_hash()
    return [
        row
        for row in rows.select_related("session")
        if constant_time_compare(str(row.session.get_decoded().get(HASH_SESSION_KEY, "")), current)
    ]
