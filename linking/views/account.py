"""`/account/`: what acts for the account, and how to end it."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from accounts.addresses import client_address
from accounts.browsers import describe_browser
from accounts.posted import posted_from
from accounts.sign_in import account_required, signed_in_account
from linking.errors import ConnectionNotFound
from linking.models import AccountLink
from linking.services import connections_of, connections_state, end_all_connections, end_connection, remove_own_link
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
        left = end_connection(
            account=signed_in_account(request), session_id=session_id, address=client_address(request)
        )
    except ConnectionNotFound as refusal:
        return _not_found(request, refusal)
    if left:
        messages.warning(request, _others_act(left))
    else:
        messages.success(request, _("The connection has ended. The assistant can do nothing more here."))
    return redirect("linking:account")


def _others_act(link: AccountLink) -> SafeString:
    """Whoever wants a stranger out has to know that this was not all, and what is."""
    text = _(
        "The connection has ended, but the same browser connected others, which still act for you. If you do not want "
        'that, <a href="{url}">unlink them</a>.'
    )
    return format_html(text, url=f"#link-{link.pk}")


@posted_from("linking:account")
@account_required(then="linking:account")
def end_all(request: HttpRequest) -> HttpResponse:
    """End every connection, and unlink what is linked."""
    ended = end_all_connections(account=signed_in_account(request), address=client_address(request))
    text = ngettext(
        "%(count)d connection has ended. Nothing acts for you any more.",
        "%(count)d connections have ended. Nothing acts for you any more.",
        ended,
    )
    messages.success(request, text % {"count": ended})
    return redirect("linking:account")


@posted_from("linking:account")
@account_required(then="linking:account")
def unlink(request: HttpRequest, link_id: uuid.UUID) -> HttpResponse:
    """Take one link away. Somebody else's is answered as one that does not exist."""
    try:
        stays_connected = remove_own_link(
            account=signed_in_account(request), link_id=link_id, address=client_address(request)
        )
    except ConnectionNotFound as refusal:
        return _not_found(request, refusal)
    if stays_connected:
        messages.success(request, _("Unlinked. The assistant stays connected, but it acts for nobody now."))
    else:
        messages.success(request, _("Unlinked. The assistant was not connected any more."))
    return redirect("linking:account")


def _not_found(request: HttpRequest, refusal: ConnectionNotFound) -> HttpResponse:
    """Mostly the second of two presses, or a page that is out of date: they see what there is."""
    messages.info(request, refusal.description)
    return redirect("linking:account")
