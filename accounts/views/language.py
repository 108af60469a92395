"""The language in which a browser is shown the site."""

from __future__ import annotations

from urllib.parse import urlsplit

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from accounts.posted import page_at, posted_from
from accounts.services import keep_language
from accounts.sign_in import signed_in_account


@posted_from("/")
def choose_language(request: HttpRequest) -> HttpResponse:
    """Keep the chosen language in a cookie and for the person's mail, and go back to the page.

    Django's own view would go to any host in ALLOWED_HOSTS, or wherever a `Referer` there says.
    """
    came_from, language = request.POST.get("next", ""), request.POST.get("language", "")
    response = HttpResponseRedirect(page_at(came_from) if _is_here(came_from) else "/")
    if language not in dict(settings.LANGUAGES):
        return response
    if request.user.is_authenticated:
        keep_language(account=signed_in_account(request), language=language)
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=settings.LANGUAGE_COOKIE_AGE,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
        # The stubs let the setting be any string; ours is "Lax".
        samesite=settings.LANGUAGE_COOKIE_SAMESITE,  # type: ignore[arg-type]
    )
    return response


def _is_here(url: str) -> bool:
    return bool(get_adapter().is_safe_url(url)) and urlsplit(url).path.startswith("/")
