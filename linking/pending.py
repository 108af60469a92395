"""What the website session remembers between typing or making a code, confirming it and being told that it worked."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from accounts.models import User
from accounts.sign_in import TYPED_KEY, View, account_required, signed_in_account
from linking.codes import LONGEST_TYPED, digest_code, digests_of_code, display_code, normalize_code
from linking.models import AccountLink, LinkingCode
from linking.services import MintedCode

PENDING_KEY = "linking_pending_code"
OFFERED_KEY = "linking_offered_code"
LINKED_KEY = "linking_last_link"
DECLINED_KEY = "linking_last_declined"
PREVIEW_KEY = "linking_api_preview"


@dataclass(frozen=True, slots=True)
class PendingCode:
    """A code that the signed-in account typed and has not decided about. `code` is there to be shown again."""

    code_id: uuid.UUID
    code: str


def remember_pending(request: HttpRequest, *, row: LinkingCode, typed: str) -> None:
    """Keep a code that was looked at, for the account that is signed in now and no other."""
    code = display_code(normalize_code(typed) or "")
    # What was linked before is past: "not me" to this code is never answered with that one.
    request.session.pop(LINKED_KEY, None)
    request.session.pop(DECLINED_KEY, None)
    request.session[PENDING_KEY] = {"account": request.user.pk, "code_id": str(row.pk), "code": code}


def read_pending(request: HttpRequest) -> PendingCode | None:
    """The code to decide about; one that another account typed in this browser is dropped."""
    kept = request.session.get(PENDING_KEY)
    if kept is None:
        return None
    if kept["account"] != request.user.pk:
        drop_pending(request)
        return None
    return PendingCode(code_id=uuid.UUID(kept["code_id"]), code=kept["code"])


def drop_pending(request: HttpRequest) -> None:
    """Forget the code: it was decided about, or has ended."""
    request.session.pop(PENDING_KEY, None)
    request.session.pop(TYPED_KEY, None)


def keep_pending(request: HttpRequest, pending: PendingCode) -> None:
    """Keep the code for the field as well: whoever has no password signs out to sign in again."""
    request.session[TYPED_KEY] = pending.code


def remember_typed(request: HttpRequest) -> None:
    """Keep what somebody typed who has to sign in first. Nobody looks at it: it only fills the field again."""
    if typed := request.POST.get("code", ""):
        request.session[TYPED_KEY] = typed[:LONGEST_TYPED]


def account_required_keeping_code(*, then: str) -> Callable[[View], View]:
    """As for every account page; a code that a signed-out person typed is in the field when they come back."""

    def decorate(view: View) -> View:
        guarded = account_required(then=then)(view)

        @wraps(view)
        def remembering(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            is_let_through = request.user.is_authenticated and not request.user.is_guest
            response = guarded(request, *args, **kwargs)
            if not is_let_through:
                # Afterwards: a guest that had to leave its session took with it what was in there.
                remember_typed(request)
            return response

        return remembering

    return decorate


def has_typed(request: HttpRequest) -> bool:
    """Whether there is something to fill the field with."""
    return TYPED_KEY in request.session


def take_typed(request: HttpRequest) -> str:
    """What was kept, once."""
    typed: str = request.session.pop(TYPED_KEY, "")
    return typed


def remember_offer(request: HttpRequest, minted: MintedCode) -> None:
    """Keep a code that was made here, so that it can be shown again: the database has only its digest."""
    request.session[OFFERED_KEY] = {"digest": digest_code(normalize_code(minted.code) or ""), "code": minted.code}


def read_offer(request: HttpRequest, row: LinkingCode) -> str:
    """The code of `row` as people see it; empty when another browser made it."""
    kept = request.session.get(OFFERED_KEY) or {}
    return str(kept["code"]) if kept.get("digest") == row.code_digest else ""


def is_own_offer(request: HttpRequest, typed: str) -> bool:
    """Whether somebody typed the code that this very browser shows them, to give to an assistant.

    That tells them nothing that they have not read here, so it is no guess. It has to work still: the characters of one
    that ended may be an assistant's code by now.
    """
    kept = request.session.get(OFFERED_KEY) or {}
    digest = str(kept.get("digest", ""))
    if not any(constant_time_compare(digest, of_typed) for of_typed in digests_of_code(normalize_code(typed) or "")):
        return False
    row = LinkingCode.objects.current_offer(signed_in_account(request), now=timezone.now())
    return row is not None and row.code_digest == digest


def take_offer(request: HttpRequest, *, account: User) -> LinkingCode | None:
    """The code that `account` made and that this browser showed; that is forgotten by this."""
    kept = request.session.pop(OFFERED_KEY, None) or {}
    return LinkingCode.objects.offered_by(account).filter(code_digest=kept.get("digest", "")).first()


def drop_offer(request: HttpRequest, code_id: uuid.UUID) -> None:
    """Forget the code that this browser shows, if it is this one: a page may have been about an older one."""
    row = LinkingCode.objects.filter(pk=code_id).first()
    if row is not None and read_offer(request, row):
        del request.session[OFFERED_KEY]


def remember_link(request: HttpRequest, link: AccountLink) -> None:
    """Keep what was linked last, for the page that says so."""
    drop_pending(request)
    request.session.pop(DECLINED_KEY, None)
    request.session[LINKED_KEY] = str(link.pk)


def remember_declined(request: HttpRequest) -> None:
    """Keep that the last code was declined, for whoever goes back to its page; what was linked before is past."""
    drop_pending(request)
    request.session.pop(LINKED_KEY, None)
    request.session[DECLINED_KEY] = True


def has_declined(request: HttpRequest) -> bool:
    """Whether the last decision about a typed code was "not me"."""
    return DECLINED_KEY in request.session


def read_link(request: HttpRequest) -> AccountLink | None:
    """The link that was made last in this browser, if it still joins something to the account that is signed in."""
    link_id = request.session.get(LINKED_KEY)
    if link_id is None:
        return None
    return AccountLink.objects.with_parties().filter(pk=link_id, account=request.user.pk).first()


def remember_preview(request: HttpRequest, row: LinkingCode, *, stamp: str) -> str:
    """Keep what the API previewed, and the stamp of it, for this session and account; returns the id that confirms it.

    One at a time: a new preview replaces the one before.
    """
    preview_id = secrets.token_urlsafe(32)
    kept = {"id": preview_id, "account": request.user.pk, "code_id": str(row.pk), "stamp": stamp}
    request.session[PREVIEW_KEY] = kept
    return preview_id


def take_preview(request: HttpRequest, preview_id: str) -> tuple[uuid.UUID, str] | None:
    """The code of a preview and its stamp, which are forgotten by this; None for any other id or account."""
    kept = request.session.get(PREVIEW_KEY)
    if kept is None or kept["account"] != request.user.pk or not constant_time_compare(kept["id"], preview_id):
        return None
    del request.session[PREVIEW_KEY]
    return uuid.UUID(kept["code_id"]), kept["stamp"]
