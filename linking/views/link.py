"""`/link`: type a code; see what it would do; confirm or decline; and be told that it worked (design §7)."""

from __future__ import annotations

import uuid
from datetime import datetime
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from accounts.addresses import client_address
from accounts.sign_in import ask_to_sign_in_again, signed_in_account, signed_in_recently
from linking.codes import LONGEST_TYPED, has_foreign_letters, normalize_code
from linking.confirming import DECLINED, question_about
from linking.disowning import disown_token
from linking.errors import CodeRefused, LinkRefused, QuestionOutdated, TypingLocked
from linking.limits import CODE_LIFETIME
from linking.models import AccountLink, LinkingCode
from linking.pending import (
    PendingCode,
    account_required_keeping_code,
    drop_offer,
    drop_pending,
    has_declined,
    has_typed,
    is_own_offer,
    keep_pending,
    read_link,
    read_pending,
    remember_declined,
    remember_link,
    remember_pending,
    take_typed,
)
from linking.qr import qr_code
from linking.services import confirm_link, decline_link, guesses_left, preview_linking_code, typing_locked_until
from linking.waiting import wait_in_words

# So many tries before typing is locked, the page says that it will be.
GUESSES_WARNED_OF = 2


# A guess is counted in a transaction of its own, which it could not be inside one of the request.
@transaction.non_atomic_requests
@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
@account_required_keeping_code(then="linking:link")
def link(request: HttpRequest) -> HttpResponse:
    """Type a code. One that does not work is answered 400, too many of them 429 with Retry-After.

    Whoever comes back while their account is locked is shown for how long it still is.
    """
    if request.method != "POST":
        return _arrive(request)
    typed = request.POST.get("code", "")
    if not typed.strip():
        return _code_page(request, typed, error=_("Type the code that your assistant shows you."), status=400)
    if is_own_offer(request, typed):
        error = _(
            "That is the code that you made here. Give it to your assistant. This page is for codes that it shows you."
        )
        return _code_page(request, typed, error=error, is_own=True, status=400)
    try:
        row = preview_linking_code(account=signed_in_account(request), code=typed, address=client_address(request))
    except TypingLocked as refusal:
        return _locked_page(request, typed, refusal.retry_at, status=429)
    except CodeRefused as refusal:
        return _refused_page(request, typed, refusal)
    remember_pending(request, row=row, typed=typed)
    return redirect("linking:confirm")


def _arrive(request: HttpRequest) -> HttpResponse:
    account = signed_in_account(request)
    if not signed_in_recently(request) and not account.has_usable_password():
        # Who has no password signs in again by signing out, which forgets a typed code: better before than after.
        return ask_to_sign_in_again(request, then="linking:link")
    locked_until = typing_locked_until(account=account)
    if locked_until:
        # No 429: what was asked for, the page, is there.
        return _locked_page(request, take_typed(request), locked_until, status=200)
    return _code_page(request, take_typed(request))


def _code_page(request: HttpRequest, typed: str = "", *, status: int = 200, **more: object) -> HttpResponse:
    typed = typed[:LONGEST_TYPED].replace("\x00", "")
    context = {
        "typed": typed,
        # As a link may carry a code (design §7), so that it is there again in another language.
        "page_again": f"{reverse('linking:link')}#{urlencode({'code': typed})}" if typed else "",
        "longest": LONGEST_TYPED,
        "minutes": int(CODE_LIFETIME.total_seconds() // 60),
        "qr": qr_code(settings.DEXTER_PUBLIC_URL + reverse("linking:link")),
    }
    return render(request, "linking/link.html", {**context, **more}, status=status)


def _refused_page(request: HttpRequest, typed: str, refusal: CodeRefused) -> HttpResponse:
    """It does not work; and before it is too late, that one cannot go on trying."""
    account = signed_in_account(request)
    left = guesses_left(account=account)
    locked_until = None if left else typing_locked_until(account=account)
    if locked_until:
        return _locked_page(request, typed, locked_until, status=400)
    return _code_page(
        request,
        typed,
        error=_hint(typed) or str(refusal.description),
        guesses_left=left if left <= GUESSES_WARNED_OF else None,
        status=400,
    )


def _hint(typed: str) -> str:
    """What is wrong with something that no code looks like: its form alone says so, and tells a guesser nothing."""
    if normalize_code(typed):
        return ""
    if has_foreign_letters(typed):
        return _("Some letters are from another alphabet and only look alike. Type the code with letters from A to Z.")
    if len(typed.split()) > 2:
        return _("There is more than the code in the field. Leave only its six characters there.")
    return _("That is no code: one has six characters, as in ABC-234. There is no I, O, 0 or 1 in it.")


def _locked_page(request: HttpRequest, typed: str, retry_at: datetime, *, status: int) -> HttpResponse:
    seconds = max(1, round((retry_at - timezone.now()).total_seconds()))
    response = _code_page(request, typed, status=status, locked_seconds=seconds, locked_for=wait_in_words(retry_at))
    if status == 429:
        response["Retry-After"] = str(seconds)
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@account_required_keeping_code(then="linking:confirm")
def confirm(request: HttpRequest) -> HttpResponse:
    """See what a typed code would do, and confirm or decline it."""
    pending = read_pending(request)
    if pending is None:
        return _nothing_pending(request)
    if not signed_in_recently(request):
        keep_pending(request, pending)
        return ask_to_sign_in_again(request, then="linking:confirm")
    if request.method != "POST":
        return _confirm_page(request, pending, status=200)
    if request.POST.get("code_id") != str(pending.code_id):
        # Another code was typed in another tab since: the answer was to a question about another assistant.
        return _confirm_page(request, pending, status=409)
    match request.POST.get("decision", ""):
        case "link":
            return _confirm(request, pending)
        case "decline":
            return _decline(request, pending)
    return _confirm_page(request, pending, status=400)


def _confirm_page(
    request: HttpRequest, pending: PendingCode, *, status: int, outdated: str | Promise = ""
) -> HttpResponse:
    row = LinkingCode.objects.with_connection().filter(pk=pending.code_id).first()
    question = question_about(row, account=signed_in_account(request), code=pending.code)
    if question is None:
        return linked_page(request, pending.code_id) or _ended_page(request)
    context = {"question": question, "changed": status == 409, "outdated": outdated}
    return render(request, "linking/confirm.html", context, status=status)


def _confirm(request: HttpRequest, pending: PendingCode) -> HttpResponse:
    account, address = signed_in_account(request), client_address(request)
    try:
        made = confirm_link(
            account=account, code_id=pending.code_id, address=address, shown=request.POST.get("stamp", "")
        )
    except QuestionOutdated as refusal:
        return _confirm_page(request, pending, status=409, outdated=refusal.description)
    except CodeRefused:
        return linked_page(request, pending.code_id) or _ended_page(request)
    except LinkRefused as refusal:
        if linked := linked_page(request, pending.code_id):
            return linked
        drop_pending(request)
        return render(request, "linking/refused.html", {"error": refusal.description}, status=409)
    remember_link(request, made)
    return redirect("linking:done")


def _decline(request: HttpRequest, pending: PendingCode) -> HttpResponse:
    account, address = signed_in_account(request), client_address(request)
    decline_link(account=account, code_id=pending.code_id, address=address)
    if linked := declined_too_late(request, pending.code_id):
        return linked
    remember_declined(request)
    messages.success(request, DECLINED)
    return redirect("linking:link")


def declined_too_late(request: HttpRequest, code_id: uuid.UUID) -> HttpResponseRedirect | None:
    """As `linked_page`, for a person who said no: nobody should read that as "your no was not heard"."""
    linked = linked_page(request, code_id)
    if linked:
        messages.warning(request, _("It was linked already before you said no. You can undo that below."))
    return linked


def linked_page(request: HttpRequest, code_id: uuid.UUID) -> HttpResponseRedirect | None:
    """To what is linked, where it can be undone: the person decided in another browser, or pressed twice.

    None for a code by which nothing acts for the account.
    """
    made = AccountLink.objects.made_from(code_id, account=signed_in_account(request))
    if made is None:
        return None
    drop_offer(request, code_id)
    remember_link(request, made)
    return redirect("linking:done")


def _ended_page(request: HttpRequest) -> HttpResponse:
    drop_pending(request)
    return render(request, "linking/ended.html", status=400)


def _nothing_pending(request: HttpRequest) -> HttpResponseRedirect:
    """Whoever comes back after deciding, or decides in a second tab, is told what they did; others type a code."""
    if linked := _linked_before(request):
        return linked
    if has_declined(request):
        # That code is dead by their own choice: typed once more, it would count as a wrong one.
        messages.info(request, DECLINED)
    elif not has_typed(request):
        messages.info(request, _("Type the code first. If you have typed it already, type it once more."))
    return redirect("linking:link")


def _linked_before(request: HttpRequest) -> HttpResponseRedirect | None:
    """To what was linked by the code that a form still shows; for whoever just comes back, by the last one."""
    try:
        code_id = uuid.UUID(request.POST.get("code_id", ""))
    except ValueError:
        return redirect("linking:done") if read_link(request) else None
    declines = request.POST.get("decision") == "decline"
    return declined_too_late(request, code_id) if declines else linked_page(request, code_id)


@require_GET
@account_required_keeping_code(then="linking:link")
def done(request: HttpRequest) -> HttpResponse:
    """It worked: what to say to the assistant next, and how to undo it."""
    made = read_link(request)
    if made is None:
        return redirect("linking:account")
    context = {"link": made, "client": made.session.client if made.session else None, "token": disown_token(made)}
    return render(request, "linking/done.html", context)
