"""Sign in with a password (design §3 step 4): who gets in, where they land, what is kept and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.audit import AccountAction
from accounts.models import AuditEntry, User
from accounts.tests.builders import PASSWORD, make_user

pytestmark = pytest.mark.django_db

AUTHORIZE = "/mcp/authorize?client_id=c%20d&redirect_uri=http%3A%2F%2F127.0.0.1%3A1%2Fcb&state=a%26b&scope=&x=%C3%A9"


def sign_in(client: Client, email: str = "ada@example.com", password: str = PASSWORD, **fields: str) -> Any:
    """Post the sign-in form."""
    return client.post("/account/login/", {"login": email, "password": password, **fields})


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


def test_ten_guesses_from_one_address_are_enough(client: Client) -> None:
    for number in range(10):
        sign_in(client, f"ada{number}@example.com", "not-the-password")

    response = sign_in(client, "ada99@example.com", "not-the-password")

    assert response.context["form"].non_field_errors() == ["Too many attempts. Wait a few minutes, then try again."]


def test_five_guesses_at_one_account_lock_it_from_everywhere_and_on_every_host(client: Client) -> None:
    make_user()
    for number in range(5):
        client.post(
            "/account/login/",
            {"login": "ada@example.com", "password": "not-the-password"},
            REMOTE_ADDR=f"192.0.2.{number}",
            HTTP_HOST=f"localhost:{8000 + number}",
        )

    response = client.post(
        "/account/login/",
        {"login": "Ada@example.com", "password": PASSWORD},
        REMOTE_ADDR="198.51.100.1",
        HTTP_HOST="localhost:9000",
    )

    assert response.context["form"].non_field_errors() == ["Too many attempts. Wait a few minutes, then try again."]
    assert "_auth_user_id" not in client.session
    assert AuditEntry.objects.count() == 5


def test_guesses_are_counted_by_ipv6_network(client: Client) -> None:
    for number in range(10):
        client.post(
            "/account/login/",
            {"login": f"ada{number}@example.com", "password": "x"},
            REMOTE_ADDR=f"2001:db8::{number:x}",
        )

    response = client.post("/account/login/", {"login": "a@example.com", "password": "x"}, REMOTE_ADDR="2001:db8::ffff")

    assert "Too many attempts" in response.content.decode()


def test_behind_a_proxy_each_person_has_a_limit_of_their_own(client: Client, settings: Any) -> None:
    settings.DEXTER_TRUSTED_PROXIES = 1
    make_user()
    for number in range(10):
        client.post(
            "/account/login/",
            {"login": f"ada{number}@example.com", "password": "x"},
            REMOTE_ADDR="10.0.0.1",
            HTTP_X_FORWARDED_FOR=f"6.6.6.{number}, 192.0.2.1",
        )

    guesser: Any = {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "192.0.2.1"}
    refused = client.post("/account/login/", {"login": "a@example.com", "password": "x"}, **guesser)
    other: Any = {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "192.0.2.2"}
    let_in = client.post("/account/login/", {"login": "ada@example.com", "password": PASSWORD}, **other)

    assert "Too many attempts" in refused.content.decode()
    assert let_in.status_code == 302


def test_a_request_without_an_address_is_answered(client: Client) -> None:
    """A server on a unix socket knows none."""
    make_user()

    response = client.post("/account/login/", {"login": "ada@example.com", "password": PASSWORD}, REMOTE_ADDR="")

    assert response.status_code == 302


def test_a_forged_forwarded_address_is_no_new_address(client: Client) -> None:
    for number in range(10):
        client.post(
            "/account/login/",
            {"login": f"ada{number}@example.com", "password": "x"},
            HTTP_X_FORWARDED_FOR=f"192.0.2.{number}",
        )

    assert "Too many attempts" in sign_in(client, "a@example.com", "x").content.decode()


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
