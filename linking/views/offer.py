"""`/link/code`: make a code, give it to an assistant, see which assistant came with it, and confirm or decline."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.addresses import client_address
from accounts.sign_in import ask_to_sign_in_again, signed_in_account, signed_in_recently
from linking.confirming import DECLINED, LinkQuestion, question_about
from linking.errors import CodeRefused, LinkRefused, MintingLimited, QuestionOutdated
from linking.limits import CODE_LIFETIME
from linking.models import LinkingCode
from linking.pending import (
    account_required_keeping_code,
    drop_offer,
    read_offer,
    remember_link,
    remember_offer,
    take_offer,
)
from linking.qr import QRCode, qr_code
from linking.services import confirm_link, decline_link, offer_linking_code
from linking.views.link import declined_too_late, linked_page
from linking.waiting import wait_in_words


@require_http_methods(["GET", "HEAD", "POST"])
@account_required_keeping_code(then="linking:offer")
def offer(request: HttpRequest) -> HttpResponse:
    """Without a code: how to get one. With one: the code. Once an assistant has given it: what it would do."""
    if request.POST.get("decision") == "new":
        return _make(request)
    if request.method == "POST":
        return _decide(request)
    row = _current(request)
    if row is None:
        return _start(request)
    question = _question(request, row)
    if question is None:
        return _waiting_page(request, row)
    if not signed_in_recently(request):
        return ask_to_sign_in_again(request, then="linking:offer")
    return _confirm_page(request, question)


@require_GET
@account_required_keeping_code(then="linking:offer")
def offer_state(request: HttpRequest) -> JsonResponse:
    """Whether the page that waits has to be loaded again: `waiting`, for how long still, `redeemed` or `ended`."""
    row = _current(request)
    if row is None or row.session is not None:
        return JsonResponse({"state": "redeemed" if row else "ended"})
    return JsonResponse({"state": "waiting", "left": wait_in_words(row.expires_at)})


def _current(request: HttpRequest) -> LinkingCode | None:
    return LinkingCode.objects.current_offer(signed_in_account(request), now=timezone.now())


def _question(request: HttpRequest, row: LinkingCode) -> LinkQuestion | None:
    return question_about(row, account=signed_in_account(request), code=read_offer(request, row))


def _start(request: HttpRequest) -> HttpResponse:
    """Whoever waited here is told what became of the code; in another browser the account may have linked it."""
    shown = take_offer(request, account=signed_in_account(request))
    linked = linked_page(request, shown.pk) if shown else None
    return linked or _start_page(request, has_ended=shown is not None and shown.used_at is None)


def _start_page(request: HttpRequest, *, error: str = "", status: int = 200, has_ended: bool = False) -> HttpResponse:
    context = {
        "error": error,
        "has_ended": has_ended,
        "minutes": int(CODE_LIFETIME.total_seconds() // 60),
        "qr": _qr_of_this_page(),
    }
    return render(request, "linking/offer_start.html", context, status=status)


def _make(request: HttpRequest) -> HttpResponse:
    try:
        minted = offer_linking_code(account=signed_in_account(request), address=client_address(request))
    except MintingLimited as refusal:
        wait = wait_in_words(refusal.retry_at)
        error = _("You have made too many codes. Try again in %(wait)s.") % {"wait": wait}
        response = _start_page(request, error=error, status=429)
        response["Retry-After"] = str(max(1, round((refusal.retry_at - timezone.now()).total_seconds())))
        return response
    remember_offer(request, minted)
    return redirect("linking:offer")


def _waiting_page(request: HttpRequest, row: LinkingCode) -> HttpResponse:
    context = {
        "code": read_offer(request, row),
        "code_id": row.pk,
        "left": wait_in_words(row.expires_at),
        "qr": _qr_of_this_page(),
    }
    return render(request, "linking/offer.html", context)


def _qr_of_this_page() -> QRCode:
    return qr_code(settings.DEXTER_PUBLIC_URL + reverse("linking:offer"))


def _confirm_page(
    request: HttpRequest, question: LinkQuestion, *, status: int = 200, outdated: str | Promise = ""
) -> HttpResponse:
    context = {"question": question, "outdated": outdated}
    return render(request, "linking/offer_confirm.html", context, status=status)


def _decide(request: HttpRequest) -> HttpResponse:
    """The form says which code it showed: another one may have been made, and given away, in another tab since."""
    account, address = signed_in_account(request), client_address(request)
    decision = request.POST.get("decision")
    code_id = LinkingCode.objects.offered_id(request.POST.get("code_id", ""))
    if decision == "decline" and code_id:
        decline_link(account=account, code_id=code_id, address=address)
        if linked := declined_too_late(request, code_id):
            return linked
        drop_offer(request, code_id)
        messages.success(request, DECLINED)
        return redirect("linking:offer")
    if decision != "link" or code_id is None:
        row = _current(request)
        question = _question(request, row) if row else None
        return _confirm_page(request, question, status=400) if question else _start_page(request, status=400)
    if not signed_in_recently(request):
        return ask_to_sign_in_again(request, then="linking:offer")
    return _confirm(request, code_id)


def _confirm(request: HttpRequest, code_id: uuid.UUID) -> HttpResponse:
    account, address, shown = signed_in_account(request), client_address(request), request.POST.get("stamp", "")
    try:
        made = confirm_link(account=account, code_id=code_id, address=address, shown=shown)
    except QuestionOutdated as refusal:
        row = _current(request)
        question = _question(request, row) if row else None
        if question is None:
            return redirect("linking:offer")
        return _confirm_page(request, question, status=409, outdated=refusal.description)
    except (CodeRefused, LinkRefused) as refusal:
        return linked_page(request, code_id) or _refused_page(request, refusal)
    drop_offer(request, code_id)
    remember_link(request, made)
    return redirect("linking:done")


def _refused_page(request: HttpRequest, refusal: CodeRefused | LinkRefused) -> HttpResponse:
    if isinstance(refusal, LinkRefused):
        return render(request, "linking/refused.html", {"error": refusal.description}, status=409)
    error = _("That code does not work any more, and nothing was linked. Make a new one.")
    return _start_page(request, error=error, status=400)
