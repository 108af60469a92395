"""`/account/`: what acts for the account, and how to end it."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from accounts.addresses import client_address
from accounts.browsers import describe_browser
from accounts.posted import posted_from
from accounts.sign_in import account_required, signed_in_account
from linking.errors import ConnectionNotFound
from linking.models import AccountLink
from linking.services import connections_of, connections_state, end_all_connections, end_connection, remove_link
from oauth.scopes import scope_sentences


@require_GET
@account_required(then="linking:account")
def account(request: HttpRequest) -> HttpResponse:
    """Every connection that acts for the account, and every identity that was linked to it with a code."""
    me = signed_in_account(request)
    connections = list(connections_of(me))
    links = AccountLink.objects.with_parties().filter(account=me)
    context = {
        "connections": [
            (each, describe_browser(each.user_agent), scope_sentences(each.scope.split())) for each in connections
        ],
        "links": [(link, [each for each in connections if each.user_id == link.user_id]) for link in links],
        "state": connections_state(me),
    }
    return render(request, "linking/account.html", context)


@require_GET
@account_required(then="linking:account")
def state(request: HttpRequest) -> JsonResponse:
    """Something that changes whenever the page about connections would look different; a script asks for it."""
    return JsonResponse({"state": connections_state(signed_in_account(request))})


@posted_from("linking:account")
@account_required(then="linking:account")
def end(request: HttpRequest, session_id: uuid.UUID) -> HttpResponse:
    """End one connection. Somebody else's is answered as one that does not exist."""
    try:
        end_connection(account=signed_in_account(request), session_id=session_id, address=client_address(request))
    except ConnectionNotFound as error:
        raise Http404 from error
    messages.success(request, _("The connection has ended. The assistant can do nothing more here."))
    return redirect("linking:account")


@posted_from("linking:account")
@account_required(then="linking:account")
def end_all(request: HttpRequest) -> HttpResponse:
    """End every connection."""
    ended = end_all_connections(account=signed_in_account(request), address=client_address(request))
    text = ngettext("%(count)d connection has ended.", "%(count)d connections have ended.", ended)
    messages.success(request, text % {"count": ended})
    return redirect("linking:account")


@posted_from("linking:account")
@account_required(then="linking:account")
def unlink(request: HttpRequest, link_id: uuid.UUID) -> HttpResponse:
    """Take one link away. Somebody else's is answered as one that does not exist."""
    me = signed_in_account(request)
    link = AccountLink.objects.with_parties().filter(pk=link_id, account=me).first()
    if link is None:
        raise Http404
    remove_link(link=link, actor=me, address=client_address(request))
    messages.success(request, _("Unlinked. The assistant stays connected, but it acts for nobody now."))
    return redirect("linking:account")
