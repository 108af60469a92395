"""The logos of clients that staff let people see, from this site and no other."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_safe

from oauth.endpoints import for_programs
from oauth.models import ClientLogo

YEAR_SECONDS = 365 * 24 * 3600


@for_programs
@require_safe
def logo(request: HttpRequest, digest: str) -> HttpResponse:
    """A PNG. Another logo has another address, so this one never changes (RFC 8246)."""
    image = ClientLogo.objects.filter(digest=digest).values_list("image", flat=True).first()
    if image is None:
        raise Http404
    response = HttpResponse(bytes(image), "image/png")
    patch_cache_control(response, public=True, max_age=YEAR_SECONDS, immutable=True)
    return response
