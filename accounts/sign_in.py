"""Who may see a page about an account: accounts, never guests; and how recently they must have signed in."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any, cast
from urllib.parse import urlencode

from allauth.account.adapter import get_adapter
from allauth.account.authentication import get_authentication_records
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from accounts.models import User

# Design §7. Whatever adds or removes a way to sign in, hands data out or deletes it asks for the same.
SIGN_IN_MAX_AGE = timedelta(minutes=15)

# Where the website session keeps what somebody typed who has to sign in first. It only fills a field again.
TYPED_KEY = "typed"
LONGEST_KEPT = 200
# And the email of a mailed code that did not work, for the page on which a new one is asked for.
TYPED_EMAIL_KEY = "typed_email"
# And to which page somebody comes back whose button did nothing yet.
PRESS_AGAIN_KEY = "press_again"

View = Callable[..., HttpResponseBase]


def account_required(*, then: str) -> Callable[[View], View]:
    """Send whoever is not signed in to an account to sign in, and on to the page named `then`. Nothing is cached."""

    def decorate(view: View) -> View:
        @never_cache
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.user.is_authenticated:
                if not request.user.is_guest:
                    _say_to_press_again(request)
                    return view(request, *args, **kwargs)
                # A guest is never in a website session; one that got there anyway has to leave it to sign in.
                logout(request)
            elif _names_an_ended_session(request) and request.method != "POST":
                messages.info(request, _("You have been signed out. Sign in to go on."))
            if request.method == "POST":
                messages.info(request, _("You were signed out meanwhile, and nothing was changed. Sign in to go on."))
            return redirect_to_login(reverse(then), reverse("account_login"))

        return guarded

    return decorate


def _say_to_press_again(request: HttpRequest) -> None:
    """Whoever pressed a button, was asked whether it is them, and comes back: nothing has been done for it."""
    if request.session.get(PRESS_AGAIN_KEY) == request.path and signed_in_recently(request):
        del request.session[PRESS_AGAIN_KEY]
        if request.method != "POST":
            messages.info(request, _("Thank you. That has not been done yet: press the button once more."))


def _names_an_ended_session(request: HttpRequest) -> bool:
    """Whether the browser comes with the cookie of a session that was ended elsewhere, or with the password.

    Nobody who signed out in this browser does, nor a browser in which the session ran out: both have forgotten it. With
    the answer this one has too, so that it is said once.
    """
    # Asking who is signed in has loaded the session, and a key without a session is dropped then.
    return bool(request.COOKIES.get(settings.SESSION_COOKIE_NAME)) and request.session.session_key is None


def recent_sign_in_required(*, then: str) -> Callable[[View], View]:
    """As `account_required`, and ask once more who signed in a while ago: the browser may be somebody else's now."""

    def decorate(view: View) -> View:
        @account_required(then=then)
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if signed_in_recently(request):
                return view(request, *args, **kwargs)
            if request.method == "POST":
                request.session[PRESS_AGAIN_KEY] = reverse(then)
            return ask_to_sign_in_again(request, then=then)

        return guarded

    return decorate


def signed_in_account(request: HttpRequest) -> User:
    """The account of a request that `account_required` let through."""
    return cast("User", request.user)


def signed_in_recently(request: HttpRequest) -> bool:
    """Whether the person showed who they are, in this browser, within the last fifteen minutes.

    allauth's own answer is of no use here: it does not count a fresh sign-in, and lets everybody pass who has no
    password.
    """
    return seconds_since_sign_in(request) < SIGN_IN_MAX_AGE.total_seconds()


def signed_in_at(request: HttpRequest) -> datetime:
    """When the person last showed who they are, in this browser.

    Signing up leaves no record in the session; the account's age stands for it.
    """
    account = signed_in_account(request)
    records = get_authentication_records(request, account)
    return datetime.fromtimestamp(float(records[-1]["at"]), UTC) if records else account.date_joined


def seconds_since_sign_in(request: HttpRequest) -> float:
    """How long ago that was."""
    return time.time() - signed_in_at(request).timestamp()


def ask_to_sign_in_again(request: HttpRequest, *, then: str) -> HttpResponse:
    """To the page where the person shows once more who they are, and on to the page named `then`."""
    methods = get_adapter(request).get_reauthentication_methods(request.user)
    return HttpResponseRedirect(f"{methods[0]['url']}?{urlencode({'next': reverse(then)})}")
