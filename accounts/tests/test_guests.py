"""Guests and their cookie (design §2: a stable identity, never a signed-in website session)."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from django.core import signing
from django.http import HttpResponse
from django.test import Client, RequestFactory

from accounts import guests, services
from accounts.audit import AccountAction
from accounts.errors import GuestsAreOff, NotAGuest
from accounts.models import AuditEntry, User
from accounts.tests.builders import make_guest, make_user

pytestmark = pytest.mark.django_db


def browser_with(value: str | None) -> Any:
    """A request of a browser whose guest cookie is `value`."""
    request = RequestFactory().get("/mcp/authorize")
    if value is not None:
        request.COOKIES[guests.guest_cookie_name()] = value
    return request


def cookie_of(guest: User) -> str:
    """The value that the site gave `guest`'s browser."""
    response = HttpResponse()
    guests.remember_guest(response, guest)
    return str(response.cookies[guests.guest_cookie_name()].value)


def test_a_guest_has_no_email_no_password_and_an_audit_row() -> None:
    guest = services.create_guest(address="192.0.2.7")

    assert guest.is_guest
    assert guest.email is None
    assert not guest.has_usable_password()
    entry = AuditEntry.objects.get(action=AccountAction.GUEST_CREATED)
    assert (entry.account, entry.actor, entry.address) == (guest, guest, "192.0.2.7")


def test_two_guests_have_different_subjects() -> None:
    first, second = services.create_guest(address=None), services.create_guest(address=None)

    assert first.subject != second.subject


def test_no_guest_is_made_when_guests_are_off(settings: Any) -> None:
    settings.DEXTER_GUESTS_ENABLED = False

    with pytest.raises(GuestsAreOff):
        services.create_guest(address=None)

    assert not User.objects.exists()
    assert not AuditEntry.objects.exists()


def test_the_same_browser_is_the_same_guest() -> None:
    guest = make_guest()

    assert guests.read_guest(browser_with(cookie_of(guest))) == guest


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites() -> None:
    response = HttpResponse()

    guests.remember_guest(response, make_guest())

    cookie = response.cookies["dexter_guest"]
    assert cookie["httponly"]
    assert (cookie["samesite"], cookie["path"], cookie["domain"]) == ("Lax", "/", "")
    assert cookie["max-age"] == 365 * 24 * 3600


def test_over_https_the_cookie_is_secure_and_bound_to_the_host(settings: Any) -> None:
    settings.SESSION_COOKIE_SECURE = True
    response = HttpResponse()

    guests.remember_guest(response, make_guest())

    assert response.cookies["__Host-dexter_guest"]["secure"]


def test_a_cookie_without_the_host_prefix_counts_for_nothing_over_https(settings: Any) -> None:
    request = RequestFactory().get("/")
    request.COOKIES["dexter_guest"] = cookie_of(make_guest())
    settings.SESSION_COOKIE_SECURE = True

    assert guests.read_guest(request) is None


def test_an_account_is_never_put_into_the_cookie() -> None:
    response = HttpResponse()

    with pytest.raises(NotAGuest):
        guests.remember_guest(response, make_user())

    assert not response.cookies


@pytest.mark.parametrize("value", [None, "", "user:abcdefghjkmn", "a:b:c", "\x00", "x" * 10_000, "::", "é:ü:ß"])
def test_a_value_that_we_did_not_sign_is_nobody(value: str | None) -> None:
    make_guest()

    assert guests.read_guest(browser_with(value)) is None


def test_an_unsigned_subject_is_nobody() -> None:
    guest = make_guest()

    assert guests.read_guest(browser_with(guest.subject)) is None


def test_a_signature_moved_to_another_subject_is_nobody() -> None:
    mine, theirs = make_guest(), make_guest()

    forged = cookie_of(mine).replace(mine.subject, theirs.subject)

    assert guests.read_guest(browser_with(forged)) is None


def test_a_value_signed_for_something_else_is_nobody() -> None:
    guest = make_guest()

    assert guests.read_guest(browser_with(signing.TimestampSigner(salt="other").sign(guest.subject))) is None
    assert guests.read_guest(browser_with(signing.TimestampSigner().sign(guest.subject))) is None


def test_a_value_signed_under_another_key_is_nobody() -> None:
    signer = signing.TimestampSigner(key="k" * 50, salt=guests.GUEST_COOKIE_SALT)

    assert guests.read_guest(browser_with(signer.sign(make_guest().subject))) is None


def test_a_value_that_names_an_account_is_nobody() -> None:
    signer = signing.TimestampSigner(salt=guests.GUEST_COOKIE_SALT)

    assert guests.read_guest(browser_with(signer.sign(make_user().subject))) is None


def test_a_value_older_than_a_year_is_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    value = cookie_of(make_guest())
    later = time.time() + timedelta(days=366).total_seconds()

    monkeypatch.setattr("django.core.signing.time.time", lambda: later)

    assert guests.read_guest(browser_with(value)) is None


def test_a_deactivated_guest_is_nobody() -> None:
    assert guests.read_guest(browser_with(cookie_of(make_guest(is_active=False)))) is None


def test_a_guest_that_is_gone_is_nobody() -> None:
    guest = make_guest()
    value = cookie_of(guest)

    guest.delete()

    assert guests.read_guest(browser_with(value)) is None


def test_nobody_is_a_guest_when_guests_are_off(settings: Any) -> None:
    value = cookie_of(make_guest())

    settings.DEXTER_GUESTS_ENABLED = False

    assert guests.read_guest(browser_with(value)) is None


@pytest.mark.parametrize("path", ["/account/password/change/", "/account/reauthenticate/", "/admin/"])
def test_a_guests_browser_is_signed_out_of_the_website(client: Client, path: str) -> None:
    client.cookies[guests.guest_cookie_name()] = cookie_of(make_guest())

    response = client.get(path)

    assert response.status_code == 302
    assert "login" in response["Location"]


@pytest.mark.parametrize("login", ["", "None", "guest", "{subject}"])
def test_a_guest_cannot_sign_in_with_a_password(client: Client, login: str) -> None:
    guest = make_guest()

    response = client.post("/account/login/", {"login": login.format(subject=guest.subject), "password": "!"})

    assert response.status_code == 200
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("path", ["/account/login/code/", "/account/password/reset/"])
def test_a_guest_cannot_ask_for_a_code(
    client: Client, mailoutbox: list[Any], django_capture_on_commit_callbacks: Any, path: str
) -> None:
    guest = make_guest()

    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(path, {"email": guest.subject})

    assert response.status_code == 200
    assert response.context["form"].errors
    assert not mailoutbox
