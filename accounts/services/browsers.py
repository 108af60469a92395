"""Signing an account out, one browser or all but one."""

from __future__ import annotations

import uuid

from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import F, QuerySet

from accounts.audit import AccountAction, record_audit
from accounts.models import BrowserSession, User


def end_browser(*, account: User, browser_id: uuid.UUID, address: str | None) -> bool:
    """Sign `account` out in one browser. False when there is none with this id, or it is somebody else's."""
    with transaction.atomic():
        ended = _end_browsers(BrowserSession.objects.filter(pk=browser_id), account, address, actor=account) == 1
        if ended:
            _forget_known_browsers(account)
    return ended


@transaction.atomic
def end_other_browsers(
    *, account: User, session_key: str | None, address: str | None, actor: User | None = None
) -> int:
    """Sign `account` out everywhere but in the website session with this key. Returns in how many browsers.

    It is the account that does it, unless `actor` is somebody else.
    """
    others = BrowserSession.objects.exclude(session_id=session_key)
    # Also where none is signed in: a browser stays known after it has signed out.
    _forget_known_browsers(account)
    return _end_browsers(others, account, address, actor=actor or account)


def _forget_known_browsers(account: User) -> None:
    """Void the cookie of every browser. One that stays signed in gets a new one with its next page."""
    User.objects.filter(pk=account.pk).update(browser_epoch=F("browser_epoch") + 1)


def _end_browsers(browsers: QuerySet[BrowserSession], account: User, address: str | None, *, actor: User) -> int:
    rows = list(browsers.filter(account=account))
    # Together with what describes it: whoever holds the session's key is signed out with their next request.
    Session.objects.filter(pk__in=[row.session_id for row in rows]).delete()
    for row in rows:
        detail = {"browser": str(row.pk)}
        record_audit(AccountAction.BROWSER_ENDED, actor=actor, account=account, address=address, detail=detail)
    return len(rows)
