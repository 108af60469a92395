"""`/account/activity/`: what was done in the account's name."""

from __future__ import annotations

from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.sign_in import account_required, signed_in_account
from linking.history import History, assistants_in_history, kinds, remarks

PER_PAGE = 25


@require_GET
@account_required(then="linking:activity")
def activity(request: HttpRequest) -> HttpResponse:
    """A page of it, newest first. A filter or a page that makes no sense shows what is nearest to it."""
    me = signed_in_account(request)
    assistants = assistants_in_history(me)
    kind, client_id = request.GET.get("kind", ""), request.GET.get("assistant", "")
    chosen = {
        "kind": kind if kind in kinds() else "",
        "assistant": client_id if client_id in dict(assistants) else "",
    }
    history = History(me, kind=chosen["kind"], client_id=chosen["assistant"])
    page = Paginator(history, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "activities": page.object_list,
        "page": page,
        "kinds": kinds().items(),
        "remarks": remarks(),
        "assistants": assistants,
        "chosen": chosen,
        "query": urlencode({name: value for name, value in chosen.items() if value}),
    }
    return render(request, "linking/activity.html", context)
