"""`/account/data/`: take one's data along, and leave."""

from __future__ import annotations

from contextlib import suppress

from django.contrib import messages
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.addresses import client_address
from accounts.audit import AccountAction, record_audit
from accounts.errors import AccountGone, LastSuperuser
from accounts.guests import forget_guest
from accounts.posted import posted_from
from accounts.sign_in import account_required, recent_sign_in_required, signed_in_account
from linking.export import data_of
from linking.models import AccountLink
from linking.services import connections_of, delete_account


@require_GET
@account_required(then="linking:data")
def data(request: HttpRequest) -> HttpResponse:
    """What can be done: download, delete."""
    return render(request, "linking/data.html")


@posted_from("linking:data")
@recent_sign_in_required(then="linking:data")
def download(request: HttpRequest) -> HttpResponse:
    """Everything about the account in one file."""
    me = signed_in_account(request)
    record_audit(AccountAction.DATA_EXPORTED, actor=me, account=me, address=client_address(request))
    response = JsonResponse(data_of(me), json_dumps_params={"indent": 2, "ensure_ascii": False})
    response["Content-Disposition"] = f'attachment; filename="{me.subject.replace(":", "-")}.json"'
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@recent_sign_in_required(then="linking:delete")
def delete(request: HttpRequest) -> HttpResponse:
    """Say what will be gone, and delete the account once that is agreed to."""
    me = signed_in_account(request)
    error = ""
    if request.method == "POST" and request.POST.get("agreed") == "yes":
        try:
            # The other of two clicks, or tabs, may have been faster: all the same to whoever clicked.
            with suppress(AccountGone):
                delete_account(account=me, address=client_address(request))
        except LastSuperuser as refusal:
            error = str(refusal.description)
        else:
            return _gone(request)
    elif request.method == "POST":
        error = _("Tick the box to say that you have read this.")
    context = {
        "error": error,
        "own": [session for session in connections_of(me) if session.user_id == me.pk],
        "link_count": AccountLink.objects.filter(account=me).count(),
    }
    return render(request, "linking/delete.html", context, status=400 if error else 200)


def _gone(request: HttpRequest) -> HttpResponse:
    request.user = AnonymousUser()
    request.session.flush()
    messages.success(request, str(AccountGone.description))
    response = redirect("/")
    forget_guest(response)
    return response
