"""Sign in with a password (design §3 step 4): who gets in, what is kept and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.audit import AccountAction
from accounts.models import AuditEntry, User
from accounts.tests.builders import PASSWORD, make_user
from accounts.tests.signing_in import sign_in

pytestmark = pytest.mark.django_db


def test_the_right_password_signs_in(client: Client) -> None:
    user = make_user()

    response = sign_in(client)

    assert (response.status_code, response["Location"]) == (302, "/account/")
    assert client.session["_auth_user_id"] == str(user.pk)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.account, entry.detail) == (AccountAction.SIGNED_IN, user, {"method": "password"})


def test_the_address_is_taken_in_any_case(client: Client) -> None:
    make_user("ada@example.com")

    assert sign_in(client, " Ada@EXAMPLE.com ").status_code == 302


def test_signing_in_changes_the_session_key(client: Client) -> None:
    make_user()
    session = client.session
    session["planted"] = True
    session.save()
    planted_key = str(session.session_key)

    sign_in(client)

    assert client.cookies["dexter_session"].value != planted_key
    assert not client.session.exists(planted_key)


def test_signing_in_changes_the_csrf_token(client: Client) -> None:
    make_user()
    client.get("/account/login/")
    before = client.cookies["dexter_csrf"].value

    sign_in(client)

    assert client.cookies["dexter_csrf"].value != before


@pytest.mark.parametrize(
    ("email", "reason"), [("ada@example.com", "wrong_password"), ("bob@example.com", "unknown_email")]
)
def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(client: Client, email: str, reason: str) -> None:
    make_user("ada@example.com")

    response = sign_in(client, email, "not-the-password")

    assert response.status_code == 200
    assert "_auth_user_id" not in client.session
    assert response.context["form"].non_field_errors() == ["That email and password do not belong to an account here."]
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.reason) == (AccountAction.SIGN_IN_REFUSED, reason)


def test_an_address_that_has_no_account_stays_out_of_the_audit_log(client: Client, caplog: Any) -> None:
    sign_in(client, "somebody@elsewhere.example", "their-password-for-another-site")

    entry = AuditEntry.objects.get()
    assert entry.account is None
    assert "elsewhere" not in f"{entry.detail}{entry.reason}{caplog.text}"
    assert "another-site" not in caplog.text


def test_what_was_typed_is_shown_again_but_for_the_password(client: Client) -> None:
    html = sign_in(client, "ada@example.com", "not-the-password").content.decode()

    assert 'value="ada@example.com"' in html
    assert "not-the-password" not in html


def test_an_inactive_account_is_told_so_only_after_the_right_password(client: Client) -> None:
    make_user(is_active=False)

    assert sign_in(client, password="not-the-password").status_code == 200
    response = sign_in(client)

    assert response["Location"] == "/account/inactive/"
    assert "_auth_user_id" not in client.session
    assert AuditEntry.objects.filter(action=AccountAction.SIGN_IN_REFUSED, reason="inactive").count() == 1


def test_deactivating_an_account_signs_it_out(client: Client) -> None:
    user = make_user()
    sign_in(client)

    User.objects.filter(pk=user.pk).update(is_active=False)

    assert client.get("/account/password/change/").status_code == 302


@pytest.mark.parametrize(
    ("email", "password", "field"),
    [
        ("", PASSWORD, "login"),
        ("ada@example.com", "", "password"),
        ("not an address", PASSWORD, "login"),
        ("ada\x00@example.com", PASSWORD, "login"),
        ("ada@example.com", "pass\x00word", "password"),
        ("a" * 10_240 + "@example.com", PASSWORD, "login"),
        ("ada@example.com", "p" * 10_240, "password"),
    ],
)
def test_bad_input_is_explained_beside_its_field(client: Client, email: str, password: str, field: str) -> None:
    make_user()

    response = sign_in(client, email, password)

    html = response.content.decode()
    assert response.status_code == 200
    assert list(response.context["form"].errors) == [field]
    assert f'id="id_{field}_error"' in html
    assert f'aria-invalid="true" aria-describedby="id_{field}_error"' in html
    assert not AuditEntry.objects.exists()


def test_a_form_from_another_site_is_refused() -> None:
    make_user()
    client = Client(enforce_csrf_checks=True)

    response = sign_in(client)

    assert response.status_code == 403
    assert "reload the page" in response.content.decode()
    assert "_auth_user_id" not in client.session
    assert not AuditEntry.objects.exists()


def test_no_answer_is_json_whatever_is_asked_for(client: Client) -> None:
    response = client.post(
        "/account/login/",
        {"login": "ada@example.com", "password": "my-secret-password"},
        HTTP_ACCEPT="application/json",
        HTTP_X_REQUESTED_WITH="XMLHttpRequest",
    )

    assert response["Content-Type"].startswith("text/html")
    assert b"my-secret-password" not in response.content
