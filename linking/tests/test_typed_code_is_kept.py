"""What was typed stays when a sign-in or a form turns out to be too old, and links nothing by itself."""

from __future__ import annotations

import pytest
from django.test import Client as Browser

from accounts.models import Counter
from accounts.tests.builders import PASSWORD, make_user
from linking.codes import LONGEST_TYPED
from linking.models import AccountLink
from linking.tests.builders import make_linking_code

pytestmark = pytest.mark.django_db


def test_a_code_typed_without_a_sign_in_is_in_the_field_after_it_once() -> None:
    make_user()
    row, code = make_linking_code()
    browser = Browser()

    asked = browser.post("/link", {"code": code})
    browser.post(asked["Location"], {"login": "ada@example.com", "password": PASSWORD, "next": "/link"})
    page, again = browser.get("/link").content.decode(), browser.get("/link").content.decode()

    assert f'value="{code}"' in page
    assert code not in again
    row.refresh_from_db()
    assert row.used_at is None
    assert not Counter.objects.exists()
    assert not AccountLink.objects.exists()


def test_confirming_after_the_session_ended_elsewhere_links_nothing_and_keeps_the_code() -> None:
    account = make_user()
    _, code = make_linking_code()
    browser = Browser()
    browser.force_login(account)
    browser.post("/link", {"code": code})
    browser.logout()

    asked = browser.post("/link/confirm", {"decision": "link", "code": code})
    asked_page = browser.get(asked["Location"]).content.decode()
    back = browser.post(
        asked["Location"], {"login": account.email, "password": PASSWORD, "next": "/link/confirm"}, follow=True
    )

    assert back.redirect_chain[-1] == ("/link", 302)
    page = back.content.decode()
    assert "You were signed out meanwhile, and nothing was changed." in asked_page
    assert "Type the code first." not in page
    assert f'value="{code}"' in page
    assert not AccountLink.objects.exists()


def test_only_so_much_is_kept_and_never_as_markup() -> None:
    make_user()
    browser = Browser()

    browser.post("/link", {"code": "<b>" + "A" * 10_000})
    browser.post("/account/login/", {"login": "ada@example.com", "password": PASSWORD})
    page = browser.get("/link").content.decode()

    assert "&lt;b&gt;" + "A" * (LONGEST_TYPED - 3) + '"' in page
    assert "<b>A" not in page


def test_a_form_that_is_too_old_leads_back_with_what_was_typed() -> None:
    browser = Browser(enforce_csrf_checks=True)
    browser.force_login(make_user())

    response = browser.post("/link", {"code": 'ABC-234"><script>'})

    assert response.status_code == 403
    assert 'href="/link#code=ABC-234%22%3E%3Cscript%3E"' in response.content.decode()
    assert not Counter.objects.exists()


def test_what_cannot_be_a_code_is_told_what_one_looks_like() -> None:
    browser = Browser()
    browser.force_login(make_user())

    impossible = browser.post("/link", {"code": "1O1-0I0"}).content.decode()
    unknown = browser.post("/link", {"code": "AAA-AAA"}).content.decode()

    assert "There is no I, O, 0 or 1 in it." in impossible
    assert "There is no I, O, 0 or 1 in it." not in unknown


def test_the_page_has_a_qr_code_of_itself() -> None:
    browser = Browser()
    browser.force_login(make_user())

    page = browser.get("/link").content.decode()

    assert 'aria-label="QR code of http://localhost:8000/link"' in page
