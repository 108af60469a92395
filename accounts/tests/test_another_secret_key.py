"""Recovery codes that were encrypted under another DEXTER_SECRET_KEY: made anew, never an error page."""

from __future__ import annotations

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.test import Client, override_settings

from accounts.audit import AccountAction
from accounts.models import AuditEntry
from accounts.tests.builders import make_user
from accounts.tests.second_factors import make_app

pytestmark = pytest.mark.django_db(transaction=True)
CODES = "/account/security/recovery-codes/"


@pytest.fixture
def browser(client: Client) -> Client:
    """Somebody who has just signed in with a passkey, say; app and codes are from before the key was changed."""
    ada = make_user()
    with override_settings(SECRET_KEY="another key of at least fifty random characters, or so"):
        make_app(ada)
        RecoveryCodes.activate(ada)
    client.force_login(ada)
    return client


@pytest.mark.parametrize("path", [CODES, CODES + "file/", CODES + "new/"])
def test_the_page_says_to_make_new_ones(browser: Client, path: str) -> None:
    page = browser.get(path, follow=True)

    assert page.status_code == 200
    assert "Your recovery codes do not work any more" in page.content.decode()
    assert 'href="/account/security/recovery-codes/"' not in page.content.decode()


def test_new_ones_are_made_and_shown(browser: Client) -> None:
    browser.post(CODES + "new/")

    page = browser.get(CODES)
    assert len(page.context["unused_codes"]) == 10
    assert AuditEntry.objects.filter(action=AccountAction.RECOVERY_CODES_MADE).count() == 1
    assert "do not work any more" not in browser.get(CODES + "new/").content.decode()


def test_the_other_pages_of_the_account_are_shown(browser: Client) -> None:
    for path in ("/account/security/", "/account/security/app/remove/"):
        assert browser.get(path).status_code == 200
