"""Show once more that it is you, before something important (design §7: a sign-in no older than 15 minutes)."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.account.authentication import get_authentication_records
from django.core.cache import cache
from django.test import Client, RequestFactory

from accounts.errors import TooManyPasswords
from accounts.models import User
from accounts.tests.builders import PASSWORD, make_user

pytestmark = pytest.mark.django_db

BACK = "/link/confirm?a=1&b=%20"


def records(client: Client, user: User) -> list[dict[str, Any]]:
    """When and how this browser's person showed who they are."""
    request = RequestFactory().get("/")
    request.session = client.session
    found: list[dict[str, Any]] = get_authentication_records(request, user)
    return found


def test_the_password_shows_it_and_leads_back(client: Client) -> None:
    user = make_user()
    client.force_login(user)

    response = client.post("/account/reauthenticate/", {"password": PASSWORD, "next": BACK})

    assert response["Location"] == BACK
    assert records(client, user)[-1]["method"] == "password"


def test_a_wrong_password_shows_nothing(client: Client) -> None:
    user = make_user()
    client.force_login(user)

    response = client.post("/account/reauthenticate/", {"password": "wrong", "next": BACK})

    assert "That is not your password." in response.content.decode()
    assert not records(client, user)


def test_it_leads_nowhere_else(client: Client) -> None:
    client.force_login(make_user())

    response = client.post("/account/reauthenticate/", {"password": PASSWORD, "next": "//evil.example"})

    assert response["Location"] == "/account/"


def test_guesses_are_limited(client: Client) -> None:
    client.force_login(make_user())
    # From here on the browser is known, and counts for itself.
    client.get("/account/profile/")
    for _ in range(10):
        # allauth's own limits would be met first.
        cache.clear()
        client.post("/account/reauthenticate/", {"password": "wrong"})
    cache.clear()

    response = client.post("/account/reauthenticate/", {"password": PASSWORD})

    assert str(TooManyPasswords.description) in response.content.decode()


def test_an_account_without_a_password_signs_in_again_by_code(client: Client) -> None:
    user = make_user()
    user.set_unusable_password()
    user.save()
    client.force_login(user)

    where = client.get("/account/reauthenticate/", {"next": BACK})["Location"]
    page = client.get(where)
    response = client.post("/account/logout/", {"next": page.context["by_code_url"]})

    assert "_auth_user_id" not in client.session
    assert client.get(response["Location"]).context["redirect_field_value"] == BACK


@pytest.mark.parametrize("path", ["/account/reauthenticate/", "/account/reauthenticate/by-code/"])
def test_whoever_is_signed_out_signs_in_first(client: Client, path: str) -> None:
    assert client.get(path)["Location"] == f"/account/login/?next={path}"
