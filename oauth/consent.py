"""What a person is asked at the authorization endpoint, and how their decision is tied to what they saw."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts.guests import read_guest
from accounts.models import User
from oauth.bearer import is_linked
from oauth.models import Client, ClientLogo, ConnectorSession
from oauth.redirects import is_loopback, redirect_destination
from oauth.scopes import scope_sentences


def guest_to_be(request: HttpRequest) -> User | None:
    """Whom this browser connects as without signing in: the guest that it was last time, until that one is linked.

    A linked guest acts for an account. Its cookie opens none: whoever sits at the browser next, or whoever talked
    the person into linking, would let any assistant act for them, with no sign-in, no code and no question. So the next
    connection is of a new guest, who acts for nobody; the linked identity lives on in the connections that it has.
    """
    guest = read_guest(request)
    return None if guest is None or is_linked(guest) else guest


@dataclass(frozen=True, slots=True)
class ConsentRequest:
    """A valid authorization request and who is asked: what the consent page shows and the answer is built from.

    `user` is whoever is signed in; `guest` is whom this browser is without signing in: nobody yet if it is None.
    """

    client: Client
    scopes: tuple[str, ...]
    redirect_uri: str
    state: str | None
    code_challenge: str
    nonce: str
    path: str
    user: User | None
    guest: User | None

    def stamp(self) -> str:
        """What the person was shown, in one digest. The form sends it back, and a decision counts only for the same.

        It changes when the client has another name or other redirects than before, when the request in another tab is
        another one, and when somebody else signed in meanwhile.
        """
        client = self.client
        shown = [
            *(client.pk, client.client_id, client.name, client.registration_source),
            *(client.redirect_uris, str(client.created)),
            *(self.redirect_uri, self.scopes, self.path),
            self.user.pk if self.user else None,
        ]
        return salted_hmac("oauth.consent", json.dumps(shown), algorithm="sha256").hexdigest()

    def accepts(self, decision: str, *, stamp: str) -> bool:
        """Whether the page offered `decision`, and the person saw what now is."""
        yes = "allow" if self.user else "guest"
        offered = decision == "deny" or (decision == yes and (yes == "allow" or settings.DEXTER_GUESTS_ENABLED))
        return offered and constant_time_compare(stamp, self.stamp())

    def connected_since(self) -> datetime | None:
        """Since when the client acts for whoever is signed in, if it does: allowed again, it is there twice.

        Not what was allowed and never fetched: then it is allowed again for a reason.
        """
        if self.user is None:
            return None
        live = ConnectorSession.objects.live(timezone.now())
        connected = live.filter(user=self.user, client=self.client, connected_at__isnull=False)
        return connected.order_by("-created_at").values_list("created_at", flat=True).first()

    def logo_url(self) -> str:
        """Where the logo is that staff chose for the client; empty when there is none."""
        if not self.client.may_show_logo:
            return ""
        digest = ClientLogo.objects.filter(client=self.client).values_list("digest", flat=True).first()
        return reverse("oauth:logo", args=[digest]) if digest else ""

    def context(self) -> dict[str, Any]:
        """What the consent page's template needs."""
        redirect = urlsplit(self.redirect_uri)
        return {
            "client": self.client,
            "logo_url": self.logo_url(),
            # The template says that it is an app, where it is a scheme.
            "redirect_host": redirect_destination(self.redirect_uri).removesuffix(":"),
            "redirect_is_loopback": is_loopback(redirect),
            "redirect_is_private_scheme": redirect.scheme not in ("http", "https"),
            "redirect_uri": self.redirect_uri,
            "scopes": self.scopes,
            "sentences": scope_sentences(self.scopes),
            "stamp": self.stamp(),
            "here": self.path,
            "connected_since": self.connected_since(),
            "session_days": settings.DEXTER_SESSION_LIFETIME.days,
        }
