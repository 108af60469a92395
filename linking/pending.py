"""What the website session remembers between typing a code, confirming it and being told that it worked."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.http import HttpRequest

from linking.codes import LONGEST_TYPED, display_code, normalize_code
from linking.models import AccountLink, LinkingCode

PENDING_KEY = "linking_pending_code"
LINKED_KEY = "linking_last_link"
TYPED_KEY = "linking_typed"


@dataclass(frozen=True, slots=True)
class PendingCode:
    """A code that the signed-in account typed and has not decided about. `code` is there to be shown again."""

    code_id: uuid.UUID
    code: str


def remember_pending(request: HttpRequest, *, row: LinkingCode, typed: str) -> None:
    """Keep a code that was looked at, for the account that is signed in now and no other."""
    code = display_code(normalize_code(typed) or "")
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


def remember_typed(request: HttpRequest) -> None:
    """Keep what somebody typed who has to sign in first. Nobody looks at it: it only fills the field again."""
    if typed := request.POST.get("code", ""):
        request.session[TYPED_KEY] = typed[:LONGEST_TYPED]


def take_typed(request: HttpRequest) -> str:
    """What was kept, once."""
    typed: str = request.session.pop(TYPED_KEY, "")
    return typed


def remember_link(request: HttpRequest, link: AccountLink) -> None:
    """Keep what was linked last, for the page that says so."""
    drop_pending(request)
    request.session[LINKED_KEY] = str(link.pk)


def read_link(request: HttpRequest) -> AccountLink | None:
    """The link that was made last in this browser, if it still joins something to the account that is signed in."""
    link_id = request.session.get(LINKED_KEY)
    if link_id is None:
        return None
    return AccountLink.objects.with_parties().filter(pk=link_id, account=request.user.pk).first()
