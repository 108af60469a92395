"""Choose a new password with a code by e-mail."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from accounts.audit import AccountAction
from accounts.models import AuditEntry, User
from accounts.tests.builders import PASSWORD, make_user
from accounts.tests.mails import as_read, code_in, html_of
from accounts.tests.signing_in import AUTHORIZE

pytestmark = pytest.mark.django_db

NEW_PASSWORD = "a-brand-new-password"


@pytest.fixture
def ask(django_capture_on_commit_callbacks: Any) -> Any:
    """Ask for a code and let the mail leave."""

    def post(client: Client, email: str = "ada@example.com", next_url: str = "", **extra: Any) -> Any:
        with django_capture_on_commit_callbacks(execute=True):
            return client.post("/account/password/reset/", {"email": email, "next": next_url}, **extra)

    return post


def test_a_new_password_signs_in_and_leads_back(client: Client, ask: Any, mailoutbox: list[Any]) -> None:
    user = make_user()
    where = ask(client, next_url=AUTHORIZE)["Location"]
    where = client.post(where, {"code": code_in(mailoutbox[0])})["Location"]
    page = client.get(where)

    response = client.post(where, {"password1": NEW_PASSWORD, "next": page.context["redirect_field_value"]})

    user.refresh_from_db()
    assert response["Location"] == AUTHORIZE
    assert user.check_password(NEW_PASSWORD)
    assert client.session["_auth_user_id"] == str(user.pk)
    actions = list(AuditEntry.objects.order_by("created_at").values_list("action", flat=True))
    assert actions == [AccountAction.PASSWORD_CHANGED, AccountAction.SIGNED_IN]


def test_a_new_password_signs_out_every_other_browser(client: Client, ask: Any, mailoutbox: list[Any]) -> None:
    user = make_user()
    thief = Client()
    thief.force_login(user)
    ask(client)
    client.post("/account/password/reset/confirm/", {"code": code_in(mailoutbox[0])})

    client.post("/account/password/reset/complete/", {"password1": NEW_PASSWORD})

    assert thief.get("/account/password/change/").status_code == 302


def test_a_reset_password_is_told_by_mail(
    client: Client, ask: Any, mailoutbox: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    make_user()
    browser = Client(headers={"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"})
    ask(browser)
    code = code_in(mailoutbox[0])
    browser.post("/account/password/reset/confirm/", {"code": code})

    with django_capture_on_commit_callbacks(execute=True):
        browser.post("/account/password/reset/complete/", {"password1": NEW_PASSWORD})

    _code, message = mailoutbox
    assert message.to == ["ada@example.com"]
    assert message.subject == "The password of your Dexter account was reset"
    assert "in Firefox on Linux. Address: 127.0.0.1" in message.body
    assert 'href="http://localhost:8000/account/security/"' in html_of(message)
    for secret in (code, NEW_PASSWORD, PASSWORD):
        assert secret not in message.body + html_of(message)


def test_the_password_cannot_be_set_before_the_code(client: Client, ask: Any) -> None:
    user = make_user()
    ask(client)

    response = client.post("/account/password/reset/complete/", {"password1": NEW_PASSWORD})

    user.refresh_from_db()
    assert response["Location"] == "/account/password/reset/confirm/"
    assert user.check_password(PASSWORD)
    assert not AuditEntry.objects.exists()


def test_three_wrong_codes_end_the_attempt(client: Client, ask: Any, mailoutbox: list[Any]) -> None:
    user = make_user()
    ask(client)
    for _ in range(3):
        client.post("/account/password/reset/confirm/", {"code": "00000000"})

    client.post("/account/password/reset/confirm/", {"code": code_in(mailoutbox[0])})
    client.post("/account/password/reset/complete/", {"password1": NEW_PASSWORD})

    user.refresh_from_db()
    assert user.check_password(PASSWORD)
    assert AuditEntry.objects.filter(action=AccountAction.SIGN_IN_REFUSED, reason="wrong_code").count() == 3


def test_an_account_that_is_gone_meanwhile_gets_no_password(client: Client, ask: Any, mailoutbox: list[Any]) -> None:
    user = make_user()
    ask(client)
    user.delete()

    typed = client.post("/account/password/reset/confirm/", {"code": code_in(mailoutbox[0])})
    chosen = client.post("/account/password/reset/complete/", {"password1": NEW_PASSWORD})

    assert [typed["Location"], chosen["Location"]] == ["/account/login/", "/account/password/reset/"]
    assert not User.objects.exists()


@pytest.mark.parametrize("password", ["", "short", "12345678901", "\x00" * 12, "p4z" * 3_500])
def test_a_bad_password_is_explained_beside_its_field(
    client: Client, ask: Any, mailoutbox: list[Any], password: str
) -> None:
    user = make_user()
    ask(client)
    client.post("/account/password/reset/confirm/", {"code": code_in(mailoutbox[0])})

    response = client.post("/account/password/reset/complete/", {"password1": password})

    user.refresh_from_db()
    assert 'id="id_password1_error"' in response.content.decode()
    assert user.check_password(PASSWORD)


def test_known_and_unknown_addresses_get_the_same_answer(ask: Any, mailoutbox: list[Any]) -> None:
    make_user("ada@example.com")
    pages = []
    for email in ("ada@example.com", "bob@example.com"):
        browser = Client()
        where = ask(browser, email)["Location"]
        html = browser.get(where).content.decode() + browser.post(where, {"code": "00000000"}).content.decode()
        pages.append(where + re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", html).replace(email, "EMAIL"))

    assert pages[0] == pages[1]
    # As many mails as well: who watches the mail server's queue learns nothing either.
    assert len(mailoutbox) == 2


@pytest.mark.parametrize("email", ["ada@example.com", "bob@example.com"])
def test_no_mail_names_the_host_that_the_request_named(
    client: Client, ask: Any, mailoutbox: list[Any], email: str, settings: Any
) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    make_user("ada@example.com")

    ask(client, email, HTTP_HOST="evil.example", HTTP_X_FORWARDED_HOST="evil.example")

    assert "evil.example" not in as_read(mailoutbox[0].body + mailoutbox[0].subject)
    assert "http://localhost:8000" in mailoutbox[0].body


def test_an_unknown_host_is_no_page_of_ours(client: Client) -> None:
    response = client.post("/account/password/reset/", {"email": "ada@example.com"}, HTTP_HOST="evil.example")

    assert response.status_code == 400


@pytest.mark.parametrize("email", ["", "no address", "a\x00@example.com", "a" * 10_240 + "@example.com"])
def test_a_bad_address_is_explained_beside_its_field(
    client: Client, ask: Any, mailoutbox: list[Any], email: str
) -> None:
    response = ask(client, email)

    assert response.status_code == 200
    assert 'id="id_email_error"' in response.content.decode()
    assert not mailoutbox


def test_resets_for_one_address_are_limited(client: Client, ask: Any, mailoutbox: list[Any]) -> None:
    make_user()
    for _ in range(6):
        ask(client)

    assert ask(client).status_code == 302
    assert len(mailoutbox) == 6


def test_resets_from_one_network_are_limited(client: Client, ask: Any, mailoutbox: list[Any]) -> None:
    for number in range(20):
        ask(client, f"ada{number}@example.com")

    assert ask(client, "ada99@example.com").status_code == 429
    assert len(mailoutbox) == 20
