"""`/link/disown`: "this wasn't me" (design §7, afterwards)."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core import signing
from django.test import Client as Browser

from accounts.models import AuditEntry
from linking.audit import LinkingAction
from linking.disowning import disown_token, disown_url
from linking.models import AccountLink
from linking.tests.builders import make_link

pytestmark = pytest.mark.django_db


def path_of(link: AccountLink) -> str:
    """The path and query of the address in the mail."""
    return disown_url(link).removeprefix(settings.DEXTER_PUBLIC_URL)


def text_of(response: Any) -> str:
    """The page."""
    return str(response.content.decode())


def assert_untouched(link: AccountLink) -> None:
    assert AccountLink.objects.get() == link
    assert link.session is not None
    link.session.refresh_from_db()
    assert link.session.is_live()


def test_looking_shows_what_was_linked_and_changes_nothing() -> None:
    link = make_link()

    response = Browser().get(path_of(link))

    page = text_of(response)
    assert response.status_code == 200
    assert "Example Assistant" in page
    assert "a***@example.com" in page
    assert "ada@example.com" not in page
    assert page.partition("</main>")[0].count("<button") == 1
    assert_untouched(link)


def test_the_button_undoes_it_without_signing_in() -> None:
    link = make_link()
    browser = Browser()

    response = browser.post(path_of(link), follow=True)

    assert "The link is gone" in text_of(response)
    assert not AccountLink.objects.exists()
    session = link.session
    assert session is not None
    session.refresh_from_db()
    session.client.refresh_from_db()
    assert session.end_reason == "disowned"
    assert session.client.flagged_at is not None
    assert AuditEntry.objects.get(action=LinkingAction.LINK_DISOWNED).actor is None


def test_the_audit_row_names_the_account_when_it_is_signed_in() -> None:
    link = make_link()
    browser = Browser()
    browser.force_login(link.account)

    browser.post(path_of(link))

    assert AuditEntry.objects.get(action=LinkingAction.LINK_DISOWNED).actor == link.account


def test_a_second_visit_says_that_it_is_done() -> None:
    link = make_link()
    Browser().post(path_of(link))

    assert "The link is gone" in text_of(Browser().get(path_of(link)))
    assert AuditEntry.objects.filter(action=LinkingAction.LINK_DISOWNED).count() == 1


def test_a_post_without_a_csrf_token_undoes_nothing() -> None:
    link = make_link()

    assert Browser(enforce_csrf_checks=True).post(path_of(link)).status_code == 403
    assert_untouched(link)


def test_the_address_works_for_thirty_days(monkeypatch: pytest.MonkeyPatch) -> None:
    link = make_link()
    path = path_of(link)
    now = time.time()
    monkeypatch.setattr("django.core.signing.time.time", lambda: now + timedelta(days=30).total_seconds() - 5)
    assert Browser().get(path).status_code == 200

    monkeypatch.setattr("django.core.signing.time.time", lambda: now + timedelta(days=30).total_seconds() + 5)

    response = Browser().post(path)
    assert response.status_code == 404
    assert "This address does not work" in text_of(response)
    assert_untouched(link)


@pytest.mark.parametrize("token", ["", "x", "%00", "%ff", "a.b.c", "00000000000000000000000000000000.1.x", "é" * 5000])
def test_a_token_that_was_tampered_with_is_refused(token: str) -> None:
    link = make_link()

    assert Browser().post(f"/link/disown?token={token}").status_code == 404
    assert Browser().post("/link/disown").status_code == 404
    assert_untouched(link)


def test_a_value_that_was_signed_for_something_else_is_refused() -> None:
    link = make_link()
    token = signing.TimestampSigner(salt="something.else", sep=".").sign(link.pk.hex)

    assert Browser().post("/link/disown", query_params={"token": token}).status_code == 404
    assert_untouched(link)


def test_the_token_is_in_no_log_line(caplog: pytest.LogCaptureFixture) -> None:
    link = make_link()
    with caplog.at_level("DEBUG"):
        Browser(enforce_csrf_checks=True).post(path_of(link))
        Browser().post(path_of(link))

    assert caplog.records
    assert disown_token(link).rpartition(".")[2] not in caplog.text
