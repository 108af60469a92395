"""Recovery codes: made with the first second factor, and good for once each."""

from __future__ import annotations

import json

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from accounts.tests.builders import make_user
from accounts.tests.second_factors import code_of, make_app
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


def test_who_has_an_app_and_no_recovery_codes_is_led_to_them(client: Client) -> None:
    user = make_user()
    client.force_login(user)
    make_app(user)

    offered = client.get("/account/security/").content.decode()
    page = client.get("/account/security/recovery-codes/new/").content.decode()

    assert 'href="/account/security/recovery-codes/new/">Make recovery codes</a>' in offered
    assert "stop working" not in page and "old ones" not in page
