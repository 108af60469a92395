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
from accounts.tests.signing_in import LOGIN, SECOND_STEP, is_signed_in, sign_in

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


MALFORMED = [
    *("", "null", "[]", "{}", '"x"', "1", "{", '{"response": []}', '{"response": {"userHandle": "!!!"}}'),
    '{"id":"a","rawId":"a","type":"public-key","response":{"clientDataJSON":"!!","userHandle":"%00"}}',
    (
        '{"id":"YQ","rawId":"YQ","type":"public-key","response":{"clientDataJSON":"e30","authenticatorData":"YQ",'
        '"signature":"YQ","attestationObject":"YQ","userHandle":"enp6enp6enp6enp6enp6enp6eno"}}'
    ),
    '{"id":"YQ","rawId":"YQ","type":"public-key","response":{"clientDataJSON":"W10","attestationObject":"oQ"}}',
    '{"id":"\\ud800","rawId":"\\ud800","type":"\\u0000","response":{"clientDataJSON":"\\ud800","userHandle":"\\ud800"}}',
    # What Python's own JSON refuses with something else than "this is no JSON".
    pytest.param("[" * 60_000, id="too deep"),
    pytest.param('{"id":' + "9" * 5_000 + "}", id="too many digits"),
    pytest.param('{"id":NaN,"rawId":Infinity}', id="no numbers"),
]


@pytest.mark.parametrize("credential", MALFORMED)
def test_what_no_browser_sends_is_refused_in_words(client: Client, credential: str) -> None:
    """Wherever a passkey is taken: alone, as the second step, added, and to show once more that it is me."""
    user = make_user()
    added = Client()
    sign_in(added)
    assert add_passkey(added, Passkey()).status_code == 302
    client.get("/account/login/passkey/")

    alone = client.post("/account/login/passkey/", {"credential": credential})
    sign_in(client)
    second_step = client.post(SECOND_STEP, {"credential": credential})
    add = added.post("/account/security/passkeys/add/", {"name": "x", "credential": credential})
    once_more = added.post("/account/reauthenticate/passkey/?next=/link", {"credential": credential})

    assert alone["Location"] == "/account/login/"
    assert second_step.status_code == 200 and "<h1>" in second_step.content.decode()
    assert add["Location"] == "/account/security/passkeys/add/"
    assert once_more["Location"] == "/account/reauthenticate/passkey/?next=%2Flink"
    assert not is_signed_in(client)
    assert Authenticator.objects.filter(user=user, type="webauthn").count() == 1


@pytest.mark.parametrize(
    "extra",
    [
        {"x": "\x00"},
        {"x": "\ud800"},
        {"x": float("nan")},
        {"type": "\x00"},
        {"x": "x" * 50_000},
        {"clientExtensionResults": {"credProps": {"rk": True}, "y": "\x00"}},
    ],
    ids=["NUL", "half a character", "NaN", "another type", "very long", "an extension"],
)
def test_only_what_counts_of_a_passkey_is_kept(client: Client, extra: dict[str, Any]) -> None:
    """PostgreSQL keeps neither a NUL nor half a surrogate pair in JSON, and SQLite no NaN."""
    make_user()
    sign_in(client)
    passkey = Passkey()
    options = client.get("/account/security/passkeys/add/").context["js_data"]["creation_options"]
    credential = passkey.make(json.loads(json.dumps(options))) | extra

    client.post("/account/security/passkeys/add/", {"name": "x", "credential": json.dumps(credential)})

    kept = Authenticator.objects.get(type="webauthn").data["credential"]
    assert set(kept) == {"id", "rawId", "type", "response", "clientExtensionResults"}
    assert kept["clientExtensionResults"] == {"credProps": {"rk": True}}
    browser = Client()
    sign_in_with(browser, passkey)
    assert is_signed_in(browser)


def test_a_passkey_without_a_question_is_refused(client: Client) -> None:
    """A real answer, in a browser that was not asked."""
    make_user()
    sign_in(client)
    passkey = Passkey()
    add_passkey(client, passkey)
    asked, other = Client(), Client()
    answer = json.dumps(passkey.find(asked.get("/account/login/passkey/").json()["request_options"]))

    assert other.post("/account/login/passkey/", {"credential": answer})["Location"] == "/account/login/"
    assert not is_signed_in(other)


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


@pytest.mark.parametrize(
    ("public_url", "rp_id"),
    [("http://localhost:8000", "localhost"), ("https://dexter.example.com", "dexter.example.com")],
)
def test_the_site_is_whom_a_passkey_is_for_whatever_host_was_asked(
    client: Client, settings: Any, public_url: str, rp_id: str
) -> None:
    """Upstream takes the relying party's ID from the Host header (WebAuthn §5.4.2), when asking and when checking."""
    settings.ALLOWED_HOSTS = ["*"]
    settings.DEXTER_PUBLIC_URL = public_url
    user = make_user()
    client.force_login(user)
    sign_in(client)

    asked = Client().get("/account/login/passkey/", headers={"Host": "evil.example"}).json()["request_options"]
    made = client.get("/account/security/passkeys/add/", headers={"Host": "evil.example"}).context["js_data"]

    assert asked["publicKey"]["rpId"] == rp_id
    assert asked["publicKey"]["userVerification"] == "required"
    assert made["creation_options"]["publicKey"]["rp"]["id"] == rp_id


def test_another_name_of_the_site_is_not_whom_a_passkey_is_for(client: Client) -> None:
    """127.0.0.1 answers in debug as well: a page that is opened there makes no passkey, and none of there signs in."""
    make_user()
    sign_in(client)
    add = "/account/security/passkeys/add/"
    passkey = Passkey(origin="http://127.0.0.1:8000", rp_id="127.0.0.1")
    options = client.get(add, headers={"Host": "127.0.0.1:8000"}).context["js_data"]["creation_options"]

    credential = json.dumps(passkey.make(json.loads(json.dumps(options))))
    response = client.post(add, {"name": "x", "credential": credential}, headers={"Host": "127.0.0.1:8000"})

    assert response["Location"] == add
    assert not Authenticator.objects.exists()
