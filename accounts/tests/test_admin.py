"""Who gets into the admin: staff, by the sign-in that everybody uses."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import User
from accounts.tests.builders import PASSWORD, make_user

pytestmark = pytest.mark.django_db


def test_staff_sign_in_on_the_page_that_everybody_uses(client: Client, root: User) -> None:
    where = client.get("/admin/", follow=True).redirect_chain[-1][0]
    assert where == "/account/login/?next=%2Fadmin%2F"

    response = client.post(where, {"login": "root@example.com", "password": PASSWORD})

    assert response["Location"] == "/admin/"
    assert client.get("/admin/").status_code == 200


def test_djangos_own_sign_in_form_is_not_there(client: Client, root: User) -> None:
    response = client.post("/admin/login/", {"username": "root@example.com", "password": PASSWORD})

    assert response["Location"].startswith("/account/login/")
    assert "_auth_user_id" not in client.session


def test_somebody_who_is_no_staff_is_told_so(client: Client) -> None:
    client.force_login(make_user())

    response = client.get("/admin/", follow=True)

    assert response.status_code == 403
    assert "sign out and use that one" in response.content.decode()


def test_staff_change_their_own_password_on_the_account_page(client: Client, root: User) -> None:
    client.force_login(root)

    assert client.get("/admin/password_change/")["Location"] == "/account/password/change/"
