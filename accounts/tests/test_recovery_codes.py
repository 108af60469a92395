"""Recovery codes: made with the first second factor, and good for once each."""

from __future__ import annotations

import json

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.test import Client

from accounts.models import User
from accounts.tests.builders import make_user
from accounts.tests.second_factors import Passkey, add_passkey, code_of, make_app
from accounts.tests.signing_in import LOGIN, SECOND_STEP, is_signed_in

pytestmark = pytest.mark.django_db


def test_adding_an_app_gives_recovery_codes_that_work_once_each(client: Client) -> None:
    make_user()
    client.post("/account/login/", LOGIN)
    secret = client.get("/account/security/app/add/").context["form"].secret
    client.post("/account/security/app/add/", {"code": code_of(secret)})
    codes = client.get("/account/security/recovery-codes/").context["unused_codes"]
    stored = " ".join(json.dumps(row.data) for row in Authenticator.objects.all())

    assert secret not in stored and codes[0] not in stored
    for expected in (True, False):
        browser = Client()
        browser.post("/account/login/", LOGIN)
        browser.post(SECOND_STEP, {"code": codes[0]})
        assert is_signed_in(browser) is expected


def make_passkey_account() -> tuple[User, list[str]]:
    """Somebody with a passkey and no app, and the recovery codes that came with it."""
    user, browser = make_user(), Client()
    browser.force_login(user)
    add_passkey(browser, Passkey())
    row = Authenticator.objects.get(user=user, type=Authenticator.Type.RECOVERY_CODES)
    return user, RecoveryCodes(row).get_unused_codes()


def test_whoever_has_only_a_passkey_is_asked_for_no_code_of_an_app(client: Client) -> None:
    make_passkey_account()
    client.post("/account/login/", LOGIN)

    asked = client.get(SECOND_STEP).content.decode()
    refused = client.post(SECOND_STEP, {"code": "wrong"}).content.decode()

    assert "your passkey, or one of your recovery codes" in asked
    assert "authenticator app" not in asked
    assert "a recovery code works once" in refused
    assert not is_signed_in(client)


def test_a_passkey_that_failed_is_said_to_have_failed(client: Client) -> None:
    """And nothing of codes."""
    make_passkey_account()
    client.post("/account/login/", LOGIN)

    refused = client.post(SECOND_STEP, {"credential": '{"id": "x"}'}).content.decode()

    said = "That did not work. Try again, or use another way."
    assert f'<p class="notice notice-danger" role="alert">{said}</p>' in refused
    assert "30 seconds" not in refused
    assert not is_signed_in(client)


def test_whoever_has_only_an_app_is_asked_for_no_passkey(client: Client) -> None:
    make_app(make_user())
    client.post("/account/login/", LOGIN)

    asked = client.get(SECOND_STEP).content.decode()

    assert "the code of your authenticator app, or a recovery code" in asked
    assert "your passkey" not in asked


def test_whoever_has_only_a_passkey_shows_once_more_who_they_are_without_an_app(client: Client) -> None:
    user, codes = make_passkey_account()
    client.force_login(user)

    asked = client.get("/account/reauthenticate/code/").content.decode()
    done = client.post("/account/reauthenticate/code/", {"code": codes[0]}, follow=True)

    assert "Type one of your recovery codes." in asked
    assert '<a href="/account/reauthenticate/passkey/">Use a passkey</a>' in asked
    assert "authenticator app" not in asked
    assert "You used a recovery code. 9 are left." in done.content.decode()


def test_whoever_signs_in_with_a_recovery_code_is_told_what_is_left(client: Client) -> None:
    _, codes = make_passkey_account()
    said = []

    for code in codes:
        browser = Client()
        browser.post("/account/login/", LOGIN)
        said.append(browser.post(SECOND_STEP, {"code": code}, follow=True).content.decode())

    assert "You used a recovery code. 9 are left." in said[0]
    assert "You used a recovery code. 1 is left." in said[8]
    assert "You used your last recovery code." in said[9]


def test_a_code_of_an_app_uses_no_recovery_code_up(client: Client) -> None:
    user = make_user()
    make_app(user)
    RecoveryCodes.activate(user)
    client.post("/account/login/", LOGIN)

    shown = client.post(SECOND_STEP, {"code": code_of()}, follow=True).content.decode()

    assert is_signed_in(client)
    assert "recovery code" not in shown


def test_who_has_an_app_and_no_recovery_codes_is_led_to_them(client: Client) -> None:
    user = make_user()
    client.force_login(user)
    make_app(user)

    offered = client.get("/account/security/").content.decode()
    page = client.get("/account/security/recovery-codes/new/").content.decode()

    assert 'href="/account/security/recovery-codes/new/">Make recovery codes</a>' in offered
    assert "stop working" not in page and "old ones" not in page
