"""Passkeys, authenticator apps and recovery codes: nobody gets past them, and nobody adds one to another's account."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.test import Client
from django.utils import timezone

from accounts.audit import AccountAction
from accounts.models import AuditEntry, User
from accounts.tests.builders import PASSWORD, make_user
from accounts.tests.mails import code_in
from accounts.tests.second_factors import SECRET, Passkey, code_of, make_app

pytestmark = pytest.mark.django_db
LOGIN = {"login": "ada@example.com", "password": PASSWORD}
SECOND_STEP = "/account/login/second-step/"
PAGES_FOR_RECENT_SIGN_INS = [
    "/account/security/passkeys/add/",
    "/account/security/app/add/",
    "/account/security/recovery-codes/",
    "/account/security/recovery-codes/new/",
    "/account/security/recovery-codes/file/",
]


def sign_in(client: Client, user: User) -> None:
    """Sign in with the password, and the app if there is one."""
    client.post("/account/login/", LOGIN)
    if Authenticator.objects.filter(user=user, type="totp").exists():
        client.post(SECOND_STEP, {"code": code_of()})


def add_passkey(client: Client, passkey: Passkey, name: str = "My phone") -> Any:
    """Add it on the page."""
    options = client.get("/account/security/passkeys/add/").context["js_data"]["creation_options"]
    credential = json.dumps(passkey.make(json.loads(json.dumps(options))))
    return client.post("/account/security/passkeys/add/", {"name": name, "credential": credential})


def sign_in_with(client: Client, passkey: Passkey, **fields: str) -> Any:
    """Sign in with nothing else."""
    options = client.get("/account/login/passkey/").json()["request_options"]
    return client.post("/account/login/passkey/", {"credential": json.dumps(passkey.find(options)), **fields})


def is_signed_in(client: Client) -> bool:
    """Whether the browser is."""
    return "_auth_user_id" in client.session


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


def test_the_password_alone_does_not_sign_in_any_more(client: Client) -> None:
    make_app(make_user())

    response = client.post("/account/login/", LOGIN)

    assert response["Location"] == SECOND_STEP
    assert not is_signed_in(client)
    assert client.get("/account/")["Location"].startswith("/account/login/")
    client.post(SECOND_STEP, {"code": code_of()})
    assert is_signed_in(client)


def test_an_emailed_code_does_not_get_past_the_second_step(
    client: Client, mailoutbox: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    make_app(make_user())
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/account/login/code/", {"email": "ada@example.com"})

    response = client.post("/account/login/code/confirm/", {"code": code_in(mailoutbox[0])})

    assert response["Location"] == SECOND_STEP
    assert not is_signed_in(client)


def test_a_reset_password_does_not_get_past_the_second_step(
    client: Client, mailoutbox: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    make_app(make_user())
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/account/password/reset/", {"email": "ada@example.com"})
    client.post("/account/password/reset/confirm/", {"code": code_in(mailoutbox[0])})

    client.post("/account/password/reset/complete/", {"password1": "a-brand-new-password"})

    assert not is_signed_in(client)


def test_a_code_works_once_and_guesses_are_limited(client: Client) -> None:
    make_app(make_user())
    code, other = code_of(), Client()
    client.post("/account/login/", LOGIN)
    client.post(SECOND_STEP, {"code": code})
    other.post("/account/login/", LOGIN)

    replayed = other.post(SECOND_STEP, {"code": code})
    for _ in range(5):
        answer = other.post(SECOND_STEP, {"code": "000000"})

    assert replayed.status_code == 200 and not is_signed_in(other)
    assert "Too many attempts" in answer.content.decode()
    refused = AuditEntry.objects.filter(action=AccountAction.FACTOR_REFUSED)
    assert refused.exists() and all(entry.detail == {"type": "totp"} for entry in refused)


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


def test_each_change_is_told_by_mail_without_secrets(
    client: Client, mailoutbox: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    make_user()
    client.post("/account/login/", LOGIN)
    with django_capture_on_commit_callbacks(execute=True):
        secret = client.get("/account/security/app/add/").context["form"].secret
        client.post("/account/security/app/add/", {"code": code_of(secret)})
    with django_capture_on_commit_callbacks(execute=True):
        add_passkey(client, Passkey())
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/account/security/recovery-codes/new/")
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/account/security/app/remove/")
    with django_capture_on_commit_callbacks(execute=True):
        client.post(f"/account/security/passkeys/{Authenticator.objects.get(type='webauthn').pk}/remove/")

    assert [message.subject for message in mailoutbox] == [
        "An authenticator app was added to your Dexter account",
        "A passkey was added to your Dexter account",
        "New recovery codes were made for your Dexter account",
        "The authenticator app was removed from your Dexter account",
        "A passkey was removed from your Dexter account",
    ]
    assert all("If that was not you" in message.body and secret not in message.body for message in mailoutbox)
    assert not Authenticator.objects.exists()


@pytest.mark.parametrize("path", PAGES_FOR_RECENT_SIGN_INS)
@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("has_password", [True, False])
def test_a_thief_at_an_unlocked_browser_is_asked_again(
    client: Client, path: str, method: str, has_password: bool
) -> None:
    """Without a password too: allauth lets everybody pass who has none."""
    user = make_user(password=PASSWORD if has_password else None, date_joined=timezone.now() - timedelta(days=1))
    client.force_login(user)

    response = getattr(client, method)(path, {"code": "1", "name": "x", "credential": "{}"})

    assert response["Location"].startswith("/account/reauthenticate/")
    assert not Authenticator.objects.exists()


def test_the_password_does_not_stand_in_for_the_second_factor(client: Client) -> None:
    """A browser fills it in for a thief."""
    user = make_user(date_joined=timezone.now() - timedelta(days=1))
    make_app(user)
    client.force_login(user)

    asked = client.get("/account/security/app/remove/")["Location"]
    by_password = client.post("/account/reauthenticate/", {"password": PASSWORD})
    client.post("/account/security/app/remove/")

    assert asked.startswith("/account/reauthenticate/code/?next=")
    assert by_password["Location"].startswith("/account/reauthenticate/code/")
    assert Authenticator.objects.count() == 1
    client.post(asked, {"code": code_of()})
    client.post("/account/security/app/remove/")
    assert not Authenticator.objects.exists()


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


def test_nothing_is_added_before_the_address_is_proven(client: Client) -> None:
    """Whoever signs up with another person's address must not lock them out of it for good."""
    user = make_user()
    EmailAddress.objects.filter(user=user).update(verified=False)
    client.post("/account/login/", LOGIN)

    for path in ("/account/security/app/add/", "/account/security/passkeys/add/"):
        assert client.get(path)["Location"] == "/account/security/"
    assert "Confirm your email" in client.get("/account/security/").content.decode()


def test_a_secret_under_another_key_matches_nothing(client: Client, settings: Any) -> None:
    make_app(make_user())
    client.post("/account/login/", LOGIN)
    settings.SECRET_KEY = "another key of at least fifty random characters, or so"
    client.post("/account/login/", LOGIN)

    client.post(SECOND_STEP, {"code": code_of(SECRET)})

    assert not is_signed_in(client)


def test_the_site_is_whom_a_passkey_is_for_whatever_host_was_asked(client: Client, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["*"]

    options = client.get("/account/login/passkey/", headers={"Host": "evil.example"}).json()["request_options"]

    assert options["publicKey"]["rpId"] == "localhost"
    assert options["publicKey"]["userVerification"] == "required"


def test_the_pages_show_no_secret_to_caches(client: Client) -> None:
    user = make_user()
    make_app(user)
    sign_in(client, user)
    client.post("/account/security/recovery-codes/new/")

    for path in PAGES_FOR_RECENT_SIGN_INS:
        assert "no-store" in client.get(path, follow=True).headers["Cache-Control"], path


def test_who_has_an_app_and_no_recovery_codes_is_led_to_them(client: Client) -> None:
    user = make_user()
    client.force_login(user)
    make_app(user)

    offered = client.get("/account/security/").content.decode()
    page = client.get("/account/security/recovery-codes/new/").content.decode()

    assert 'href="/account/security/recovery-codes/new/">Make recovery codes</a>' in offered
    assert "stop working" not in page and "old ones" not in page
