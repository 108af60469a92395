"""Where django-allauth asks us: whose address it is, where `next` may lead, how mail leaves."""

from __future__ import annotations

from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

from accounts.addresses import address_block, client_address


class AccountAdapter(DefaultAccountAdapter):
    """allauth's adapter, where design.md asks for more."""

    def get_client_ip(self, request: HttpRequest) -> str:
        """The unit that allauth's limits count; allauth's own reading of X-Forwarded-For has settings of its own."""
        return address_block(client_address(request))

    def is_safe_url(self, url: str) -> bool:
        """Whether `next` stays on this site; allauth's own would let it lead to any host in ALLOWED_HOSTS."""
        public = urlsplit(settings.DEXTER_PUBLIC_URL)
        return "\x00" not in url and url_has_allowed_host_and_scheme(
            url, allowed_hosts={public.netloc}, require_https=public.scheme == "https"
        )
