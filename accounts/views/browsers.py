"""Where the account is signed in."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.addresses import client_address
from accounts.browsers import describe_browser, live_browsers
from accounts.posted import posted_from
from accounts.services import end_browser, end_other_browsers
from accounts.sign_in import account_required, signed_in_account


@require_GET
@account_required(then="account_browsers")
def browsers(request: HttpRequest) -> HttpResponse:
    """Every browser in which the account is signed in, this one first."""
    key = request.session.session_key
    rows = sorted(live_browsers(signed_in_account(request)), key=lambda row: row.session_id != key)
    shown = [(row, describe_browser(row.user_agent), row.session_id == key) for row in rows]
    return render(
        request, "account/browsers.html", {"browsers": shown, "has_others": any(not own for *_, own in shown)}
    )


@posted_from("account_browsers")
@account_required(then="account_browsers")
def end(request: HttpRequest, browser_id: uuid.UUID) -> HttpResponse:
    """Sign out in one of them. Somebody else's is answered as one that does not exist."""
    if not end_browser(account=signed_in_account(request), browser_id=browser_id, address=client_address(request)):
        raise Http404
    messages.success(request, _("Signed out there."))
    return redirect("account_browsers")


@posted_from("account_browsers")
@account_required(then="account_browsers")
def end_others(request: HttpRequest) -> HttpResponse:
    """Sign out everywhere but here."""
    me, key = signed_in_account(request), request.session.session_key
    end_other_browsers(account=me, session_key=key, address=client_address(request))
    messages.success(request, _("You are signed out in every other browser."))
    return redirect("account_browsers")
