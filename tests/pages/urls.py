"""The site's URLs, and addresses for the error pages that nobody reaches on purpose."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views import defaults

from accounts.errors import MailNotSent
from dexter import mail_previews, outages, styleguide
from dexter.urls import urlpatterns as site_urlpatterns


def too_many(request: HttpRequest) -> HttpResponse:
    """As allauth answers who goes over one of its limits."""
    return render(request, "429.html", status=429)


def forbidden(request: HttpRequest) -> HttpResponse:
    """As Django answers PermissionDenied."""
    return defaults.permission_denied(request, Exception())


def bad_request(request: HttpRequest) -> HttpResponse:
    """As Django answers SuspiciousOperation."""
    return defaults.bad_request(request, Exception())


def unavailable(request: HttpRequest) -> HttpResponse:
    """As the site answers while its database is away."""
    return outages.unavailable()


def no_mail(request: HttpRequest) -> HttpResponse:
    """As the site answers while it cannot send mail."""
    raise MailNotSent


urlpatterns = [
    # Served in debug only; what they show is looked at like every other page.
    path("styleguide/", styleguide.styleguide),
    path("styleguide/mail/", mail_previews.mails),
    path("styleguide/mail/<slug:name>.html", mail_previews.mail_html),
    *site_urlpatterns,
    path("error/400", bad_request),
    path("error/403", forbidden),
    path("error/429", too_many),
    path("error/500", defaults.server_error),
    path("error/503", unavailable),
    path("error/no-mail", no_mail),
]
