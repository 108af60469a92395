"""`/link/disown?token=…`: "this wasn't me", from the e-mail and from the page after linking (design §7)."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.addresses import client_address
from accounts.emails import mask_email
from linking.disowning import NamedLink, read_disown_token
from linking.services import disown as disown_named_link
from linking.services import find_disowning


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def disown(request: HttpRequest) -> HttpResponse:
    """Show what was linked and one button; POST undoes it. The token is proof: it came to the account's mailbox."""
    named = read_disown_token(request.GET.get("token", ""))
    if named is None:
        return render(request, "linking/disown_unknown.html", status=404)
    if request.method == "POST":
        actor = request.user if request.user.pk == named.account_id else None
        address = client_address(request)
        if disown_named_link(named=named, shown=_shown(request, named), actor=actor, address=address):
            return redirect(request.get_full_path())
    return _page(request, named)


def _page(request: HttpRequest, named: NamedLink) -> HttpResponse:
    found = find_disowning(named)
    if found.is_done:
        return render(request, "linking/disowned.html")
    session = found.link.session if found.link else found.session
    context = {
        "link": found.link,
        "is_newer": found.link is not None and found.link.pk != named.link_id,
        "client": session.client if session else None,
        "email": mask_email(found.account.email) if found.account else "",
    }
    return render(request, "linking/disown.html", context, status=409 if request.method == "POST" else 200)


def _shown(request: HttpRequest, named: NamedLink) -> uuid.UUID | None:
    """The link that the page with the button showed; the one after linking shows the link that was named."""
    try:
        return uuid.UUID(request.POST.get("shown", str(named.link_id)))
    except ValueError:
        return None
