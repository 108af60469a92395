"""Passkeys: made for this site only, and nobody gets in with another's (WebAuthn §7)."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django.utils import timezone

from accounts.audit import AccountAction
from accounts.models import AuditEntry
from accounts.tests.builders import make_user
from accounts.tests.second_factors import Passkey, add_passkey, sign_in_with
from accounts.tests.signing_in import LOGIN, is_signed_in

pytestmark = pytest.mark.django_db


def test_a_passkey_signs_in_on_its_own_and_leads_on(client: Client) -> None:
    make_user()
    client.post("/account/login/", LOGIN)
    passkey = Passkey()
    response = add_passkey(client, passkey)
    browser = Client()

    assert response["Location"] == "/account/security/recovery-codes/"
    assert sign_in_with(browser, passkey, next="/link")["Location"] == "/link"
    assert is_signed_in(browser)
    entry = AuditEntry.objects.filter(action=AccountAction.SIGNED_IN).latest("created_at")
    assert entry.detail == {"method": "webauthn"}
    assert AuditEntry.objects.filter(action=AccountAction.FACTOR_ADDED).get().detail == {"type": "webauthn"}


@pytest.mark.parametrize(
    "passkey",
    [
        Passkey(origin="https://evil.localhost"),
        Passkey(origin="http://localhost:9999"),
        Passkey(origin="http://sub.localhost:8000"),
        Passkey(rp_id="evil.example"),
    ],
    ids=["another site", "another port", "a host below", "another party"],
)
def test_a_passkey_from_elsewhere_is_not_added(client: Client, passkey: Passkey) -> None:
    make_user()
    client.post("/account/login/", LOGIN)

    response = add_passkey(client, passkey)

    assert response["Location"] == "/account/security/passkeys/add/"
    assert not Authenticator.objects.exists()


def test_a_host_below_ours_cannot_sign_in_for_us(client: Client) -> None:
    make_user()
    client.post("/account/login/", LOGIN)
    passkey = Passkey()
    add_passkey(client, passkey)
    passkey.origin = "http://evil.localhost"
    browser = Client()

    response = sign_in_with(browser, passkey)

    assert response["Location"] == "/account/login/"
    assert not is_signed_in(browser)
    assert AuditEntry.objects.filter(action=AccountAction.FACTOR_REFUSED).count() == 1


def test_a_passkey_signs_only_the_challenge_of_its_own_browser(client: Client) -> None:
    make_user()
    client.post("/account/login/", LOGIN)
    passkey = Passkey()
    add_passkey(client, passkey)
    victim, thief = Client(), Client()
    options = victim.get("/account/login/passkey/").json()["request_options"]
    stolen = json.dumps(passkey.find(options))
    thief.get("/account/login/passkey/")

    thief.post("/account/login/passkey/", {"credential": stolen})
    victim.post("/account/login/passkey/", {"credential": stolen})

    assert not is_signed_in(thief)
    assert is_signed_in(victim)


def test_a_passkey_that_did_not_see_the_person_does_not_sign_in(client: Client) -> None:
    make_user()
    client.post("/account/login/", LOGIN)
    passkey = Passkey()
    add_passkey(client, passkey)
    browser = Client()
    options = browser.get("/account/login/passkey/").json()["request_options"]

    browser.post("/account/login/passkey/", {"credential": json.dumps(passkey.find(options, flags=0x01))})

    assert not is_signed_in(browser)


def test_somebody_elses_key_for_my_account_does_not_sign_in(client: Client) -> None:
    make_user()
    client.post("/account/login/", LOGIN)
    passkey, other = Passkey(), Passkey()
    add_passkey(client, passkey)
    other.id, other.user_handle = passkey.id, passkey.user_handle
    browser = Client()

    response = sign_in_with(browser, other)

    assert response.status_code == 302
    assert not is_signed_in(browser)


@pytest.mark.parametrize(
    "credential",
    [
        *("", "null", "[]", "{}", '"x"', "1", "{", '{"response": []}', '{"response": {"userHandle": "!!!"}}'),
        '{"id":"a","rawId":"a","type":"public-key","response":{"clientDataJSON":"!!","userHandle":"%00"}}',
        (
            '{"id":"YQ","rawId":"YQ","type":"public-key","response":{"clientDataJSON":"e30","authenticatorData":"YQ",'
            '"signature":"YQ","attestationObject":"YQ","userHandle":"enp6enp6enp6enp6enp6enp6eno"}}'
        ),
        '{"id":"YQ","rawId":"YQ","type":"public-key","response":{"clientDataJSON":"W10","attestationObject":"oQ"}}',
    ],
)
def test_what_no_browser_sends_is_refused_in_words(client: Client, credential: str) -> None:
    user = make_user()
    client.get("/account/login/passkey/")
    assert client.post("/account/login/passkey/", {"credential": credential})["Location"] == "/account/login/"
    assert not is_signed_in(client)
    client.post("/account/login/", LOGIN)
    client.get("/account/security/passkeys/add/")

    response = client.post("/account/security/passkeys/add/", {"name": "x", "credential": credential})

    assert response["Location"] == "/account/security/passkeys/add/"
    assert not Authenticator.objects.filter(user=user).exists()


def test_a_passkey_shows_that_it_is_still_me(client: Client) -> None:
    user = make_user()
    client.post("/account/login/", LOGIN)
    passkey = Passkey()
    add_passkey(client, passkey)
    user.date_joined = timezone.now() - timedelta(days=1)
    user.save()
    browser = Client()
    browser.force_login(user)
    where = browser.get("/account/delete/")["Location"]
    options = json.loads(json.dumps(browser.get(where).context["js_data"]["request_options"]))

    wrong = browser.post(where, {"credential": json.dumps(Passkey().find(options))})
    options = json.loads(json.dumps(browser.get(where).context["js_data"]["request_options"]))
    right = browser.post(where, {"credential": json.dumps(passkey.find(options))})

    assert wrong["Location"].startswith("/account/reauthenticate/passkey/")
    assert right["Location"] == "/account/delete/"
    assert browser.get("/account/delete/").status_code == 200


def test_somebody_elses_passkey_is_answered_as_one_that_does_not_exist(client: Client) -> None:
    make_user()
    grace = make_user("grace@example.com")
    row = Authenticator.objects.create(user=grace, type="webauthn", data={"name": "Hers", "credential": {}})
    client.post("/account/login/", LOGIN)

    assert client.post(f"/account/security/passkeys/{row.pk}/remove/").status_code == 404
    assert client.post(f"/account/security/passkeys/{row.pk}/edit/", {"name": "Mine"}).status_code == 404
    row.refresh_from_db()
    assert row.data["name"] == "Hers"


def test_the_site_is_whom_a_passkey_is_for_whatever_host_was_asked(client: Client, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["*"]

    options = client.get("/account/login/passkey/", headers={"Host": "evil.example"}).json()["request_options"]

    assert options["publicKey"]["rpId"] == "localhost"
    assert options["publicKey"]["userVerification"] == "required"
