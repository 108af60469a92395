"""Where a person lands who signs in (design §3 step 4): where they came from, and never on another site."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.tests.builders import make_user
from accounts.tests.signing_in import AUTHORIZE, sign_in

pytestmark = pytest.mark.django_db


def test_the_person_lands_where_they_came_from_with_the_whole_query(client: Client) -> None:
    make_user()
    page = client.get("/account/login/", {"next": AUTHORIZE})

    response = sign_in(client, next=page.context["redirect_field_value"])

    assert response["Location"] == AUTHORIZE


def test_next_survives_a_mistyped_password_and_the_way_to_every_other_page(client: Client) -> None:
    html = sign_in(client, password="not-the-password", next=AUTHORIZE)

    page = html.context
    assert page["redirect_field_value"] == AUTHORIZE
    for link in (page["signup_url"], page["request_login_code_url"]):
        assert client.get(link).context["redirect_field_value"] == AUTHORIZE


def test_somebody_signed_in_already_goes_straight_on(client: Client) -> None:
    client.force_login(make_user())

    assert client.get("/account/login/", {"next": AUTHORIZE})["Location"] == AUTHORIZE


@pytest.mark.parametrize(
    "elsewhere",
    [
        "//evil.example",
        "https:evil.example",
        "https:///evil.example",
        "http://evil.example/",
        "http://localhost:8000@evil.example/",
        "http://localhost:8000.evil.example/",
        "http://localhost:9999/",
        "http://127.0.0.1:8000/",
        "\\\\evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "data:text/html,x",
        " //evil.example",
        "\t//evil.example",
        "/ok\x00",
        "/ok\r\nSet-Cookie: a=b",
        "ftp://localhost:8000/",
    ],
)
def test_next_never_leads_elsewhere(client: Client, elsewhere: str) -> None:
    make_user()

    response = sign_in(client, next=elsewhere)

    assert response["Location"] == "/account/"


def test_next_may_be_this_site_in_full(client: Client) -> None:
    make_user()

    assert sign_in(client, next="http://localhost:8000/link")["Location"] == "http://localhost:8000/link"
