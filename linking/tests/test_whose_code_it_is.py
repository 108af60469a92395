"""`/link/confirm` and `/link/done` are for the account that typed the code, in its browser (design §7)."""

from __future__ import annotations

import pytest
from django.test import Client as Browser

from accounts.tests.builders import PASSWORD, make_user
from linking.models import AccountLink
from linking.tests.browsing import decide, type_code
from linking.tests.builders import make_link, make_linking_code

pytestmark = pytest.mark.django_db


def test_a_code_that_another_account_typed_in_this_browser_is_dropped(browser: Browser) -> None:
    row = type_code(browser)
    session = browser.session
    kept = session["linking_pending_code"]
    browser.force_login(make_user("mallory@example.com"))
    session = browser.session
    session["linking_pending_code"] = kept
    session.save()

    response = decide(browser, "link")

    assert response["Location"] == "/link"
    assert "linking_pending_code" not in browser.session
    row.refresh_from_db()
    assert row.used_at is None
    assert not AccountLink.objects.exists()


def test_switching_accounts_forgets_the_code(browser: Browser) -> None:
    row = type_code(browser)
    browser.post("/account/logout/", {"next": "/link"})
    make_user("grace@example.com")
    browser.post("/account/login/", {"login": "grace@example.com", "password": PASSWORD})

    response = decide(browser, "link")

    assert response["Location"] == "/link"
    row.refresh_from_db()
    assert row.used_at is None


def test_the_client_cannot_say_which_code_to_confirm(browser: Browser) -> None:
    type_code(browser)
    other, _ = make_linking_code()

    browser.post("/link/confirm", {"decision": "link", "code_id": str(other.pk), "code": str(other.pk)})

    assert not AccountLink.objects.exists()


def test_the_done_page_of_a_link_of_another_account_is_not_shown(browser: Browser) -> None:
    link = make_link(account=make_user("owner@example.com"))
    session = browser.session
    session["linking_last_link"] = str(link.pk)
    session.save()

    assert browser.get("/link/done")["Location"] == "/account/"
