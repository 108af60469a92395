"""Where a person lands who signs in (design §3 step 4): where they came from, and never on another site."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.tests.builders import make_user
from accounts.tests.mails import code_in
from accounts.tests.second_factors import make_app
from accounts.tests.signing_in import AUTHORIZE, SECOND_STEP, sign_in

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


def use_another_account(client: Client, page: Any) -> Any:
    """Press the button of that name at the second step; what the sign-in page then goes on to."""
    following = page.context["start_over_url"]
    assert f'<input type="hidden" name="next" value="{following}">' in page.content.decode()
    return client.post("/account/logout/", {"next": following}, follow=True).context["redirect_field_value"]


def test_another_account_at_the_second_step_lands_there_too(client: Client) -> None:
    make_app(make_user())
    sign_in(client, next=AUTHORIZE)

    assert use_another_account(client, client.get(SECOND_STEP)) == AUTHORIZE


def test_another_account_after_a_mistyped_second_step_lands_there_too(client: Client) -> None:
    make_app(make_user())
    sign_in(client, next=AUTHORIZE)

    assert use_another_account(client, client.post(SECOND_STEP, {"code": "000000"})) == AUTHORIZE


def test_another_account_at_the_second_step_after_an_emailed_code_lands_there_too(
    client: Client, mailoutbox: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    make_app(make_user())
    with django_capture_on_commit_callbacks(execute=True):
        asked = client.post("/account/login/code/", {"email": "ada@example.com", "next": AUTHORIZE})
    client.post(asked["Location"], {"code": code_in(mailoutbox[0]), "next": AUTHORIZE})

    assert use_another_account(client, client.get(SECOND_STEP)) == AUTHORIZE


@pytest.mark.parametrize("elsewhere", ["//evil.example", "https://evil.example/", "javascript:alert(1)"])
def test_another_account_at_the_second_step_never_leads_elsewhere(client: Client, elsewhere: str) -> None:
    make_app(make_user())
    sign_in(client, next=elsewhere)
    session = client.session
    session["account_login"] = {**session["account_login"], "redirect_url": elsewhere}
    session.save()

    assert client.get(SECOND_STEP).context["start_over_url"] == "/account/login/"
