"""Create an account (design §3 step 4), with and without confirming the address (design §10)."""

from __future__ import annotations

import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.core.context import request_context
from django.contrib.auth.models import AnonymousUser
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client, RequestFactory
from django.utils.module_loading import import_string

from accounts.audit import AccountAction
from accounts.forms import SignupForm
from accounts.models import AuditEntry, User
from accounts.tests.builders import PASSWORD, make_user
from accounts.tests.mails import code_in
from accounts.tests.signing_in import AUTHORIZE

pytestmark = pytest.mark.django_db


@pytest.fixture
def mandatory(settings: Any) -> None:
    """As outside debug: an account begins when its address is confirmed."""
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    settings.ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True


def sign_up(client: Client, email: str = "ada@example.com", password: str = PASSWORD, **fields: str) -> Any:
    """Post the sign-up form."""
    return client.post("/account/signup/", {"email": email, "password1": password, **fields})


def test_an_account_is_made_and_signed_in(client: Client) -> None:
    response = sign_up(client, "Ada@Example.com")

    user = User.objects.get()
    assert (response.status_code, response["Location"]) == (302, "/account/")
    assert (user.email, user.is_guest, user.is_staff) == ("ada@example.com", False, False)
    assert user.check_password(PASSWORD)
    assert client.session["_auth_user_id"] == str(user.pk)
    assert EmailAddress.objects.get().email == "ada@example.com"
    actions = list(AuditEntry.objects.order_by("created_at").values_list("action", "account"))
    assert actions == [(AccountAction.SIGNED_UP, user.pk), (AccountAction.SIGNED_IN, user.pk)]


def test_signing_up_in_the_middle_of_authorizing_lands_back_there(client: Client) -> None:
    page = client.get("/account/signup/", {"next": AUTHORIZE})

    response = sign_up(client, next=page.context["redirect_field_value"])

    assert response["Location"] == AUTHORIZE


def test_signing_up_changes_the_session_key(client: Client) -> None:
    session = client.session
    session["planted"] = True
    session.save()

    sign_up(client)

    assert client.cookies["dexter_session"].value != session.session_key


@pytest.mark.parametrize("email", ["ada@example.com", "ADA@example.com", " ada@EXAMPLE.com"])
def test_an_address_that_has_an_account_is_refused(client: Client, email: str) -> None:
    make_user("ada@example.com")

    response = sign_up(client, email, "another-good-password")

    assert response.status_code == 200
    assert list(response.context["form"].errors) == ["email"]
    assert User.objects.count() == 1
    assert User.objects.get().check_password(PASSWORD)
    assert not AuditEntry.objects.exists()


def test_whoever_has_an_account_already_is_led_to_it(client: Client) -> None:
    make_user("ada@example.com")

    page = client.post(
        "/account/signup/", {"email": "ada@example.com", "password1": "another-good-password", "next": "/link?a=1&b=2"}
    ).content.decode()

    query = "?next=%2Flink%3Fa%3D1%26b%3D2"
    assert f'<a href="/account/login/{query}">Sign in to it</a>' in page
    assert f'<a href="/account/password/reset/{query}">reset its password</a>' in page


def test_the_ways_to_an_account_lead_to_no_other_site(client: Client) -> None:
    make_user("ada@example.com")

    page = client.post(
        "/account/signup/",
        {"email": "ada@example.com", "password1": "another-good-password", "next": '//evil.example/"><b>'},
    ).content.decode()

    assert '<a href="/account/login/">Sign in to it</a>' in page
    assert 'href="//evil' not in page


def test_of_two_sign_ups_at_once_one_makes_the_account() -> None:
    data = {"email": "ada@example.com", "password1": PASSWORD, "next": AUTHORIZE}
    request = RequestFactory().post("/account/signup/", data)
    request.user = AnonymousUser()
    request.session = SessionStore()
    request._messages = FallbackStorage(request)  # type: ignore[attr-defined]

    with request_context(request):
        first, second = SignupForm(data), SignupForm(data)
        assert first.is_valid()
        assert second.is_valid()
        user, _ = first.try_save(request)
        nobody, response = second.try_save(request)

    assert User.objects.get() == user
    assert nobody is None
    assert response is not None
    assert response["Location"].startswith("/account/login/?next=%2Fmcp%2Fauthorize%3Fclient_id%3Dc%2520d")
    assert AuditEntry.objects.count() == 1


@pytest.mark.parametrize(
    ("email", "password", "field"),
    [
        ("", PASSWORD, "email"),
        ("not an address", PASSWORD, "email"),
        ("ada\x00@example.com", PASSWORD, "email"),
        ("a" * 250 + "@example.com", PASSWORD, "email"),
        ("a" * 10_240 + "@example.com", PASSWORD, "email"),
        (f"a@{'b.' * 124}example.com", PASSWORD, "email"),
        ("ada@example.com", "", "password1"),
        ("ada@example.com", "short", "password1"),
        ("ada@example.com", "password", "password1"),
        ("ada@example.com", "4729104857", "password1"),
        ("ada@example.com", "ada@example.com", "password1"),
        ("ada@example.com", "correct\x00horse", "password1"),
        ("ada@example.com", "p4z" * 3_500, "password1"),
    ],
)
def test_bad_input_is_explained_beside_its_field(client: Client, email: str, password: str, field: str) -> None:
    response = sign_up(client, email, password)

    assert response.status_code == 200
    assert list(response.context["form"].errors) == [field]
    assert f'aria-describedby="id_{field}' in response.content.decode()
    assert f'id="id_{field}_error"' in response.content.decode()
    assert not User.objects.exists()
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("extra", ["is_staff", "is_superuser", "is_guest", "subject"])
def test_nobody_gives_themselves_rights(client: Client, extra: str) -> None:
    sign_up(client, **{extra: "1"})

    user = User.objects.get()
    assert not user.is_staff
    assert not user.is_superuser
    assert not user.is_guest
    assert user.subject.startswith("user:")


def test_a_form_from_another_site_is_refused() -> None:
    response = sign_up(Client(enforce_csrf_checks=True))

    assert response.status_code == 403
    assert not User.objects.exists()


def test_sign_ups_from_one_address_are_limited(client: Client) -> None:
    for _ in range(20):
        sign_up(client, "not an address")

    response = sign_up(client)

    assert response.status_code == 429
    assert "Wait a few minutes" in response.content.decode()
    assert not User.objects.exists()


@pytest.mark.usefixtures("mandatory")
def test_an_account_begins_when_its_address_is_confirmed(
    client: Client, mailoutbox: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        response = sign_up(client, next=AUTHORIZE)
    assert "_auth_user_id" not in client.session

    response = client.post(response["Location"], {"code": code_in(mailoutbox[0])})

    assert response["Location"] == AUTHORIZE
    assert client.session["_auth_user_id"] == str(User.objects.get().pk)
    assert EmailAddress.objects.get().verified
    assert User.objects.get().check_password(PASSWORD)


@pytest.mark.usefixtures("mandatory")
def test_known_and_unknown_addresses_get_the_same_answer(client: Client) -> None:
    make_user("ada@example.com")

    known, unknown = Client(), Client()
    answers = [sign_up(known, "ada@example.com"), sign_up(unknown, "bob@example.com")]
    pages = [
        browser.get(answer["Location"]).content.decode()
        for browser, answer in zip([known, unknown], answers, strict=True)
    ]

    assert answers[0]["Location"] == answers[1]["Location"]
    assert _comparable(pages[0]) == _comparable(pages[1]).replace("bob@", "ada@")


@pytest.mark.usefixtures("mandatory")
def test_nor_does_a_clock_tell_them_apart(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """Hashing the password takes longer than all the rest."""
    make_user("ada@example.com")
    hashed: list[str] = []
    hasher: Any = import_string(settings.PASSWORD_HASHERS[0])
    encode = hasher.encode

    def encode_and_note(self: Any, password: str, *args: Any) -> Any:
        hashed.append(password)
        return encode(self, password, *args)

    monkeypatch.setattr(hasher, "encode", encode_and_note)

    for email in ("ada@example.com", "bob@example.com"):
        sign_up(Client(), email, f"a-good-password-of-{email}")

    assert hashed == ["a-good-password-of-ada@example.com", "a-good-password-of-bob@example.com"]
    assert User.objects.get(email="ada@example.com").check_password(PASSWORD)


@pytest.mark.usefixtures("mandatory")
def test_whoever_has_an_account_is_told_so_by_mail_only(
    client: Client, mailoutbox: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    make_user("ada@example.com")

    with django_capture_on_commit_callbacks(execute=True):
        sign_up(client, "ada@example.com", "another-good-password")

    assert "http://localhost:8000/account/login/" in mailoutbox[0].body
    assert User.objects.get().check_password(PASSWORD)


@pytest.mark.usefixtures("mandatory")
def test_three_wrong_codes_end_the_attempt(
    client: Client, mailoutbox: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        url = sign_up(client)["Location"]
    for _ in range(3):
        client.post(url, {"code": "0000-0000"})

    client.post(url, {"code": code_in(mailoutbox[0])})

    assert "_auth_user_id" not in client.session
    assert not EmailAddress.objects.get().verified
    assert AuditEntry.objects.filter(action=AccountAction.SIGN_IN_REFUSED, reason="wrong_code").count() == 3


@pytest.mark.usefixtures("mandatory")
def test_a_password_from_before_the_address_was_proven_opens_nothing(
    client: Client, mailoutbox: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    """Somebody signs up with another person's address and waits for them to sign in by code."""
    attacker, owner = Client(), Client()
    sign_up(attacker, "ada@example.com", "the-attackers-password")
    with django_capture_on_commit_callbacks(execute=True):
        url = owner.post("/account/login/code/", {"email": "ada@example.com"})["Location"]

    owner.post(url, {"code": code_in(mailoutbox[-1])})

    assert "_auth_user_id" in owner.session
    assert not User.objects.get().has_usable_password()
    attacker = Client()
    attacker.post("/account/login/", {"login": "ada@example.com", "password": "the-attackers-password"})
    assert "_auth_user_id" not in attacker.session
    assert AuditEntry.objects.filter(action=AccountAction.PASSWORD_CHANGED, reason="unproven_removed").exists()


@pytest.mark.usefixtures("mandatory")
def test_whoever_mistyped_their_address_can_start_over(client: Client) -> None:
    sign_up(client, "adda@example.com", next=AUTHORIZE)
    page = client.get("/account/confirm-email/").content.decode()

    assert 'action="/account/logout/"' in page
    response = client.post("/account/logout/", {"next": "/account/signup/"})

    assert response["Location"] == "/account/signup/"
    assert client.get("/account/signup/").status_code == 200


def _comparable(html: str) -> str:
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", html)
