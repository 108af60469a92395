"""Who the person is here: the name, and the e-mail address with its proof."""

from __future__ import annotations

from allauth.core import ratelimit
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.addresses import client_address
from accounts.email_change import count_wrong_code, drop_pending_email, read_pending_email, remember_pending_email
from accounts.emails import email_is_verified
from accounts.errors import EmailTaken, TooManyGuesses
from accounts.forms import ChangeEmailForm, NewEmailCodeForm, ProfileForm
from accounts.known_browsers import read_known_browser
from accounts.limits import EMAIL_CODE_LIFETIME, in_minutes
from accounts.services import PendingEmail, change_email, change_profile, check_email_code, send_email_code
from accounts.sign_in import account_required, recent_sign_in_required, signed_in_account


@require_http_methods(["GET", "HEAD", "POST"])
@account_required(then="account_profile")
def profile(request: HttpRequest) -> HttpResponse:
    """The name by which assistants and staff know the person, and the way to the rest."""
    me = signed_in_account(request)
    form = ProfileForm(request.POST or None, initial={"display_name": me.display_name})
    if request.method == "POST" and form.is_valid():
        name = form.cleaned_data["display_name"]
        change_profile(account=me, display_name=name, address=client_address(request))
        messages.success(request, _("Your name is saved."))
        return redirect("account_profile")
    context = {"form": form, "email_is_verified": email_is_verified(me), "pending_email": _pending_email(request)}
    return render(request, "account/profile.html", context, status=400 if form.errors else 200)


def _pending_email(request: HttpRequest) -> str:
    """An address that waits for its code: the page on which that is typed can be left, and found again."""
    pending = read_pending_email(request)
    return pending.email if pending else ""


@require_http_methods(["GET", "HEAD", "POST"])
@recent_sign_in_required(then="account_email")
def new_email(request: HttpRequest) -> HttpResponse:
    """Ask for another address. Nothing changes before a code that is sent there is typed."""
    me = signed_in_account(request)
    form = ChangeEmailForm(request.POST or None, account=me)
    context = {"form": form, "pending_email": _pending_email(request)}
    if request.method != "POST" or not form.is_valid():
        return render(request, "account/email_change.html", context, status=400 if form.errors else 200)
    email = form.cleaned_data["email"]
    if not ratelimit.consume(request, action="manage_email", user=me, key=email):
        form.add_error("email", _("Too many codes were sent. Wait an hour, then try again."))
        return render(request, "account/email_change.html", context, status=429)
    browser = read_known_browser(request, email=email)
    sent = send_email_code(account=me, email=email, address=client_address(request), browser=browser)
    remember_pending_email(request, sent)
    return redirect("account_confirm_new_email")


@require_http_methods(["GET", "HEAD", "POST"])
@recent_sign_in_required(then="account_confirm_new_email")
def confirm_new_email(request: HttpRequest) -> HttpResponse:
    """Type the code. The address changes, the old one is told, and every other browser is signed out."""
    pending = read_pending_email(request)
    if pending is None or request.POST.get("action") == "cancel":
        drop_pending_email(request)
        return redirect("account_email")
    form = NewEmailCodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        answer = _try_code(request, pending, form)
        if answer is not None:
            return answer
    context = {"form": form, "new_email": pending.email, "minutes": in_minutes(EMAIL_CODE_LIFETIME)}
    return render(request, "account/email_confirm.html", context, status=400 if form.errors else 200)


def _try_code(request: HttpRequest, pending: PendingEmail, form: NewEmailCodeForm) -> HttpResponse | None:
    """Where the code leads; None when it was wrong, and another may be typed."""
    me, address = signed_in_account(request), client_address(request)
    code, browser = form.cleaned_data["code"], read_known_browser(request, email=pending.email)
    try:
        is_right = check_email_code(account=me, pending=pending, code=code, address=address, browser=browser)
    except TooManyGuesses as refusal:
        drop_pending_email(request)
        messages.error(request, str(refusal.description))
        return redirect("account_email")
    if is_right:
        drop_pending_email(request)
        return _change(request, pending.email)
    if not count_wrong_code(request, pending):
        messages.error(request, _("That was not the code either. Ask for a new one."))
        return redirect("account_email")
    form.add_error("code", _("That is not the code we sent last. Check the newest email."))
    return None


def _change(request: HttpRequest, email: str) -> HttpResponse:
    me, address = signed_in_account(request), client_address(request)
    key = request.session.session_key
    try:
        change_email(account=me, email=email, actor=me, address=address, session_key=key, is_proven=True)
    except EmailTaken as refusal:
        messages.error(request, str(refusal.description))
        return redirect("account_email")
    messages.success(request, _("Your email is confirmed. You are signed out in every other browser."))
    return redirect("account_profile")
