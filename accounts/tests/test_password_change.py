"""Change or set the password while signed in."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.audit import AccountAction
from accounts.models import AuditEntry
from accounts.tests.builders import PASSWORD, make_user
from accounts.tests.mails import html_of
from accounts.tests.second_factors import code_of, make_app

pytestmark = pytest.mark.django_db

NEW_PASSWORD = "a-brand-new-password"


def test_a_changed_password_keeps_this_browser_and_signs_out_the_others(client: Client) -> None:
    user = make_user()
    other = Client()
    for browser in (client, other):
        browser.force_login(user)

    client.post("/account/password/change/", {"oldpassword": PASSWORD, "password1": NEW_PASSWORD})

    user.refresh_from_db()
    assert user.check_password(NEW_PASSWORD)
    assert client.get("/account/password/change/").status_code == 200
    assert other.get("/account/password/change/").status_code == 302
    assert AuditEntry.objects.get().action == AccountAction.PASSWORD_CHANGED


def test_a_wrong_old_password_changes_nothing(client: Client) -> None:
    user = make_user()
    client.force_login(user)

    response = client.post("/account/password/change/", {"oldpassword": "wrong", "password1": NEW_PASSWORD})

    user.refresh_from_db()
    assert 'id="id_oldpassword_error"' in response.content.decode()
    assert user.check_password(PASSWORD)
    row = AuditEntry.objects.get()
    assert (row.action, row.account, row.reason) == (AccountAction.SIGN_IN_REFUSED, user, "wrong_password")


def test_guesses_at_the_old_password_are_limited(client: Client) -> None:
    client.force_login(make_user())
    for _ in range(5):
        client.post("/account/password/change/", {"oldpassword": "wrong", "password1": NEW_PASSWORD})

    response = client.post("/account/password/change/", {"oldpassword": PASSWORD, "password1": NEW_PASSWORD})

    assert response.status_code == 429


def test_an_account_without_a_password_sets_its_first(client: Client) -> None:
    user = make_user()
    user.set_unusable_password()
    user.save()
    client.force_login(user)

    response = client.get("/account/password/change/")
    client.post(response["Location"], {"password1": NEW_PASSWORD})

    user.refresh_from_db()
    assert user.check_password(NEW_PASSWORD)
    assert AuditEntry.objects.get().action == AccountAction.PASSWORD_CHANGED


@pytest.mark.parametrize("path", ["/account/password/change/", "/account/password/set/"])
def test_nobody_changes_a_password_signed_out(client: Client, path: str) -> None:
    response = client.post(path, {"oldpassword": PASSWORD, "password1": NEW_PASSWORD})

    assert response["Location"] == f"/account/login/?next={path}"


def test_a_form_from_another_site_is_refused() -> None:
    user = make_user()
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)

    response = client.post("/account/password/change/", {"oldpassword": PASSWORD, "password1": NEW_PASSWORD})

    user.refresh_from_db()
    assert response.status_code == 403
    assert user.check_password(PASSWORD)


def test_whoever_has_nothing_to_confirm_is_led_to_the_email_page(client: Client) -> None:
    client.force_login(make_user())

    assert client.get("/account/confirm-email/")["Location"] == "/account/email/"


def test_a_thief_at_an_unlocked_browser_sets_no_first_password(client: Client) -> None:
    user = make_user(date_joined=timezone.now() - timedelta(days=1))
    user.set_unusable_password()
    user.save()
    client.force_login(user)

    response = client.post("/account/password/set/", {"password1": NEW_PASSWORD})

    user.refresh_from_db()
    assert response["Location"] == "/account/reauthenticate/by-code/?next=%2Faccount%2Fpassword%2Fset%2F"
    assert not user.has_usable_password()


def test_a_changed_password_is_told_by_mail(
    client: Client, mailoutbox: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    client.force_login(make_user())

    with django_capture_on_commit_callbacks(execute=True):
        client.post("/account/password/change/", {"oldpassword": PASSWORD, "password1": NEW_PASSWORD})

    [message] = mailoutbox
    assert message.subject == "The password of your Dexter account was changed"
    assert "http://localhost:8000/account/security/" in message.body
    assert NEW_PASSWORD not in message.body


def test_a_first_password_is_told_by_mail(
    client: Client, mailoutbox: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    client.force_login(make_user(password=None))

    with django_capture_on_commit_callbacks(execute=True):
        client.post("/account/password/set/", {"password1": NEW_PASSWORD})

    [message] = mailoutbox
    assert message.to == ["ada@example.com"]
    assert message.subject == "Your Dexter account has a password now"
    assert "If that was not you" in message.body
    assert 'href="http://localhost:8000/account/password/reset/"' in html_of(message)
    assert NEW_PASSWORD not in message.body + html_of(message)


def test_a_refused_password_is_told_to_nobody(
    client: Client, mailoutbox: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    client.force_login(make_user())

    with django_capture_on_commit_callbacks(execute=True):
        client.post("/account/password/change/", {"oldpassword": "wrong", "password1": NEW_PASSWORD})

    assert not mailoutbox


@pytest.mark.parametrize(
    ("has_app", "where"), [(False, "/account/reauthenticate/"), (True, "/account/reauthenticate/code/")]
)
def test_a_thief_at_an_unlocked_browser_who_knows_the_password_shows_who_they_are_first(
    client: Client, has_app: bool, where: str
) -> None:
    user = make_user(date_joined=timezone.now() - timedelta(days=1))
    if has_app:
        make_app(user)
    client.force_login(user)

    response = client.post("/account/password/change/", {"oldpassword": PASSWORD, "password1": NEW_PASSWORD})

    user.refresh_from_db()
    assert response["Location"] == f"{where}?next=%2Faccount%2Fpassword%2Fchange%2F"
    assert user.check_password(PASSWORD)
    assert not AuditEntry.objects.exists()
    proof = {"code": code_of()} if has_app else {"password": PASSWORD}
    assert client.post(response["Location"], proof)["Location"] == "/account/password/change/"
    client.post("/account/password/change/", {"oldpassword": PASSWORD, "password1": NEW_PASSWORD})
    user.refresh_from_db()
    assert user.check_password(NEW_PASSWORD)
