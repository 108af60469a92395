"""`/link/disown?token=…`: "this wasn't me", from the e-mail and from the page after linking (design §7)."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.addresses import client_address
from accounts.emails import mask_email
from linking.disowning import read_disown_token
from linking.models import AccountLink
from linking.services import disown_link


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def disown(request: HttpRequest) -> HttpResponse:
    """Show what was linked and one button; POST undoes it. The token is proof: it came to the account's mailbox."""
    link_id = read_disown_token(request.GET.get("token", ""))
    if link_id is None:
        return render(request, "linking/disown_unknown.html", status=404)
    link = AccountLink.objects.with_parties().filter(pk=link_id).first()
    if link is None:
        return render(request, "linking/disowned.html")
    if request.method == "POST":
        actor = request.user if request.user.pk == link.account_id else None
        disown_link(link=link, actor=actor, address=client_address(request))
        return redirect(request.get_full_path())
    client = link.session.client if link.session else None
    context = {"link": link, "client": client, "email": mask_email(link.account.email)}
    return render(request, "linking/disown.html", context)
