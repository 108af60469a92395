"""Sign in with a code by e-mail (design §3 step 4)."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from accounts.audit import AccountAction
from accounts.models import AuditEntry
from accounts.tests.builders import make_user
from accounts.tests.mails import code_in
from accounts.tests.signing_in import AUTHORIZE

pytestmark = pytest.mark.django_db

REQUEST = "/account/login/code/"
CONFIRM = "/account/login/code/confirm/"


@pytest.fixture
def ask(django_capture_on_commit_callbacks: Any) -> Any:
    """Ask for a code and let the mail leave."""

    def post(client: Client, email: str = "ada@example.com", **fields: Any) -> Any:
        with django_capture_on_commit_callbacks(execute=True):
            return client.post(REQUEST, {"email": email, **fields})

    return post


def test_the_code_signs_in_and_leads_back(client: Client, ask: Any, mailoutbox: list[Any]) -> None:
    user = make_user()
    where = ask(client, next=AUTHORIZE)["Location"]

    response = client.post(where, {"code": code_in(mailoutbox[0])})

    assert response["Location"] == AUTHORIZE
    assert client.session["_auth_user_id"] == str(user.pk)
    assert AuditEntry.objects.get().detail == {"method": "code"}
    assert mailoutbox[0].to == ["ada@example.com"]


def test_the_code_is_digits_so_that_nobody_takes_it_for_a_linking_code(
    client: Client, ask: Any, mailoutbox: list[Any]
) -> None:
    make_user()

    ask(client)

    assert re.fullmatch(r"\d{4}-\d{4}", code_in(mailoutbox[0]))


def test_dashes_and_spaces_do_not_matter(client: Client, ask: Any, mailoutbox: list[Any]) -> None:
    make_user()
    ask(client)

    client.post(CONFIRM, {"code": " " + code_in(mailoutbox[0]).replace("-", "  ")})

    assert "_auth_user_id" in client.session


def test_signing_in_by_code_changes_the_session_key(client: Client, ask: Any, mailoutbox: list[Any]) -> None:
    make_user()
    ask(client)
    planted = client.session.session_key

    client.post(CONFIRM, {"code": code_in(mailoutbox[0])})

    assert client.session.session_key != planted


def test_a_code_works_only_in_the_browser_that_asked(client: Client, ask: Any, mailoutbox: list[Any]) -> None:
    make_user()
    ask(client)
    other = Client()

    response = other.post(CONFIRM, {"code": code_in(mailoutbox[0])})

    assert response["Location"] == REQUEST
    assert "_auth_user_id" not in other.session


def test_a_code_works_once(client: Client, ask: Any, mailoutbox: list[Any]) -> None:
    make_user()
    ask(client)
    client.post(CONFIRM, {"code": code_in(mailoutbox[0])})
    client.post("/account/logout/")

    client.post(CONFIRM, {"code": code_in(mailoutbox[0])})

    assert "_auth_user_id" not in client.session


def test_a_code_is_good_for_ten_minutes(
    client: Client, ask: Any, mailoutbox: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_user()
    ask(client)
    import time

    later = time.time() + 601
    monkeypatch.setattr("allauth.account.internal.flows.code_verification.time.time", lambda: later)

    client.post(CONFIRM, {"code": code_in(mailoutbox[0])})

    assert "_auth_user_id" not in client.session


def test_three_wrong_codes_end_the_attempt(client: Client, ask: Any, mailoutbox: list[Any]) -> None:
    user = make_user()
    ask(client)
    right = code_in(mailoutbox[0])
    for _ in range(3):
        client.post(CONFIRM, {"code": "00000000"})

    client.post(CONFIRM, {"code": right})

    assert "_auth_user_id" not in client.session
    refusals = AuditEntry.objects.filter(action=AccountAction.SIGN_IN_REFUSED, reason="wrong_code", account=user)
    assert refusals.count() == 3


def test_whoever_starts_over_is_still_led_to_where_they_were_going(client: Client, mailoutbox: list[Any]) -> None:
    make_user()
    asked = client.post("/account/login/code/", {"email": "ada@example.com", "next": "/link"})
    assert asked["Location"] == f"{CONFIRM}?next=%2Flink"

    for _ in range(3):
        ended = client.post(CONFIRM, {"code": "00000000", "next": "/link"})

    assert ended["Location"] == "/account/login/code/?next=%2Flink"


def test_nobody_who_starts_over_is_led_elsewhere(client: Client, ask: Any) -> None:
    make_user()
    ask(client)

    for _ in range(3):
        ended = client.post(CONFIRM, {"code": "00000000", "next": "https://evil.example/"})

    assert ended["Location"] == "/account/login/code/"


@pytest.mark.parametrize("code", ["", "0", "\x00", "9" * 10_240, "٣٣٣٣٣٣٣٣"])
def test_a_bad_code_is_explained_beside_its_field(client: Client, ask: Any, code: str) -> None:
    make_user()
    ask(client)

    response = client.post(CONFIRM, {"code": code})

    assert response.status_code == 200
    assert 'id="id_code_error"' in response.content.decode()
    assert "_auth_user_id" not in client.session


def test_known_and_unknown_addresses_get_the_same_answer(ask: Any) -> None:
    make_user("ada@example.com")
    pages = []
    for email in ("ada@example.com", "bob@example.com"):
        browser = Client()
        where = ask(browser, email)["Location"]
        pages.append(where + _comparable(browser.get(where).content.decode()).replace(email, "EMAIL"))
        refused = browser.post(where, {"code": "00000000"})
        pages[-1] += _comparable(refused.content.decode()).replace(email, "EMAIL")

    assert pages[0] == pages[1]


def test_no_code_that_somebody_types_fits_an_unknown_address(client: Client, ask: Any) -> None:
    ask(client, "bob@example.com")

    client.post(CONFIRM, {"code": ""})
    client.post(CONFIRM, {"code": "-"})

    assert "_auth_user_id" not in client.session


def test_an_unknown_address_gets_a_mail_that_leads_here_and_nowhere_else(
    client: Client, ask: Any, mailoutbox: list[Any]
) -> None:
    ask(client, "bob@example.com", HTTP_HOST="localhost:6666")

    assert "http://localhost:8000/account/signup/" in mailoutbox[0].body
    assert "6666" not in mailoutbox[0].body


def test_the_mail_is_sent_by_a_task_after_the_commit(
    client: Client, mailoutbox: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    make_user()

    with django_capture_on_commit_callbacks() as callbacks:
        client.post(REQUEST, {"email": "ada@example.com"})

    assert len(callbacks) == 1
    assert not mailoutbox


def test_codes_for_one_address_are_limited(client: Client, ask: Any, mailoutbox: list[Any]) -> None:
    make_user()
    for _ in range(6):
        ask(client)

    assert ask(client)["Location"] == CONFIRM
    assert len(mailoutbox) == 6


def test_requests_from_one_network_are_limited(client: Client, ask: Any, mailoutbox: list[Any]) -> None:
    for number in range(20):
        ask(client, f"ada{number}@example.com")

    assert "Too many attempts" in ask(client, "ada99@example.com").content.decode()
    assert len(mailoutbox) == 20


def test_a_new_code_replaces_the_old_one(
    client: Client, ask: Any, mailoutbox: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    make_user()
    ask(client)
    with django_capture_on_commit_callbacks(execute=True):
        client.post(CONFIRM, {"action": "resend"})
    old, new = map(code_in, mailoutbox)

    client.post(CONFIRM, {"code": old})
    assert "_auth_user_id" not in client.session
    client.post(CONFIRM, {"code": new})

    assert "_auth_user_id" in client.session


def test_whoever_asked_for_a_code_can_still_use_the_password(client: Client, ask: Any) -> None:
    make_user()
    page = client.get(ask(client, next=AUTHORIZE)["Location"])

    response = client.get(page.context["login_url"])

    assert response.status_code == 200
    assert response.context["redirect_field_value"] == AUTHORIZE


def test_an_inactive_account_gets_no_code(client: Client, ask: Any, mailoutbox: list[Any]) -> None:
    make_user(is_active=False)

    ask(client)

    assert "no code" in mailoutbox[0].body


def _comparable(html: str) -> str:
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", html)
