"""Metadata documents at the authorization endpoint (draft-ietf-oauth-client-id-metadata-document §5)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import AuditEntry
from oauth import client_documents
from oauth.errors import ClientDocumentRefused
from oauth.models import Client, ClientDocument
from oauth.tests.builders import make_client
from oauth.tests.documents import (
    AUTHORIZE,
    BAD_DOCUMENTS,
    CALLBACK,
    DOCUMENT,
    FAILED,
    PATH,
    REFUSED,
    REQUESTED,
    STORED,
    URL,
    audited,
)
from oauth.tests.protocol import authorize_path, nothing_written
from oauth.tests.stand_ins import Answer, Host, StandIns, json_answer

pytestmark = pytest.mark.django_db


# --- The first time ---------------------------------------------------------------------------------------------------


def test_an_unknown_document_is_fetched_stored_and_shown_with_its_host(browser: Browser, host: Host) -> None:
    page = browser.get(AUTHORIZE)

    assert page.status_code == 200
    assert "Example Helper" in page.content.decode()
    assert '<span class="badge badge-verified">verified: app.example.com</span>' in page.content.decode()
    client = Client.objects.get()
    assert (client.client_id, client.registration_source) == (URL, "cimd")
    assert (client.client_type, client.token_endpoint_auth_method) == ("public", "none")
    assert client.grant_types == ["authorization_code", "refresh_token"]
    assert client.verified_host == "app.example.com"
    assert client.document.next_fetch_at - client.document.fetched_at == timedelta(hours=1)
    assert [entry.client_id for entry in (*audited(REQUESTED), *audited(STORED))] == [URL, URL]


def test_a_stored_copy_answers_while_it_is_fresh(browser: Browser, host: Host) -> None:
    for _ in range(3):
        assert browser.get(AUTHORIZE).status_code == 200

    assert host.asked_for(PATH) == 1


@pytest.mark.parametrize("path", ["/authorize", "/api/connector/oauth/authorize"])
def test_the_old_endpoints_fetch_too(browser: Browser, host: Host, path: str) -> None:
    assert browser.get(AUTHORIZE.replace("/mcp/authorize", path)).status_code == 200


def test_markup_in_a_name_is_shown_as_text(browser: Browser, host: Host) -> None:
    host.answers[PATH] = json_answer(DOCUMENT | {"client_name": "<b onclick=x>Helper</b>"})

    page = browser.get(AUTHORIZE).content.decode()

    assert "&lt;b onclick=x&gt;Helper&lt;/b&gt;" in page
    assert "<b onclick" not in page


def test_a_document_without_a_name_is_shown_by_its_url(browser: Browser, host: Host) -> None:
    host.answers[PATH] = json_answer({name: value for name, value in DOCUMENT.items() if name != "client_name"})

    assert URL in browser.get(AUTHORIZE).content.decode()


# --- Refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", BAD_DOCUMENTS.values(), ids=BAD_DOCUMENTS)
def test_a_bad_document_gets_a_page_with_a_next_step_and_leaves_nothing(
    browser: Browser, host: Host, answer: Answer
) -> None:
    host.answers[PATH] = answer

    with nothing_written(REQUESTED, FAILED):
        page = browser.get(AUTHORIZE)

    text = page.content.decode()
    assert (page.status_code, page["Content-Type"]) == (400, "text/html; charset=utf-8")
    assert "What to do" in text and URL in text
    assert page.headers.get("Location") is None
    assert audited(FAILED)[0].reason


def test_the_page_does_not_tell_what_the_network_said(browser: Browser, host: Host, stand_ins: StandIns) -> None:
    pages = set()
    for fault in ("no address", "private address", "wrong type"):
        AuditEntry.objects.all().delete()
        if fault == "private address":
            stand_ins.resolve("app.example.com", ["10.0.0.1"])
        elif fault == "no address":
            stand_ins.answers.clear()
        else:
            stand_ins.resolve("app.example.com", ["93.184.216.1"])
            host.answers[PATH] = Answer(b"{}", headers={"Content-Type": "text/plain"})
        # The form at the foot has a token that is new each time.
        pages.add(browser.get(AUTHORIZE).content.partition(b"<footer")[0])

    assert len(pages) == 1


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/client.json",
        "https://localhost/client.json",
        "https://example.com",
        "https://example.com/client.json#x",
        "https://example.com/a/../client.json",
        "https://user@example.com/client.json",
        "https://example.com:22/client.json",
        "https://example.com/\U0001f916.json",
        "https://" + "a" * 300 + ".example.com/",
    ],
)
def test_a_bad_url_is_refused_without_a_fetch_or_a_count(browser: Browser, stand_ins: StandIns, url: str) -> None:
    with nothing_written(REFUSED):
        page = browser.get(authorize_path(Client(client_id=url), redirect_uri=CALLBACK))

    assert page.status_code == 400
    assert "What to do" in page.content.decode()
    assert stand_ins.lookups == []


def test_a_redirect_that_the_document_does_not_name_gets_a_page(browser: Browser, host: Host) -> None:
    page = browser.get(authorize_path(Client(client_id=URL), redirect_uri="https://evil.example/callback"))

    assert page.status_code == 400
    assert page.headers.get("Location") is None


def test_a_repeated_client_id_fetches_nothing(browser: Browser, stand_ins: StandIns) -> None:
    page = browser.get(f"{AUTHORIZE}&client_id=https://evil.example/client.json")

    assert page.status_code == 400
    assert stand_ins.lookups == []


def test_a_decision_without_a_csrf_token_fetches_nothing(stand_ins: StandIns) -> None:
    assert Browser(enforce_csrf_checks=True).post(AUTHORIZE, {"decision": "guest"}).status_code == 403
    assert stand_ins.lookups == []


def test_a_failure_is_not_tried_again_for_a_minute(browser: Browser, host: Host) -> None:
    host.answers[PATH] = Answer(status="503 Unavailable")
    browser.get(AUTHORIZE)
    host.answers[PATH] = json_answer(DOCUMENT)

    assert browser.get(AUTHORIZE).status_code == 400
    assert host.asked_for(PATH) == 1
    assert audited(REFUSED)[0].reason == "failed_a_minute_ago"

    AuditEntry.objects.filter(action=FAILED).update(created_at=timezone.now() - timedelta(seconds=61))
    assert browser.get(AUTHORIZE).status_code == 200


def test_a_client_that_staff_set_up_under_a_url_is_not_fetched(browser: Browser, stand_ins: StandIns) -> None:
    make_client(client_id=URL, registration_source="manual", name="Ours", redirect_uris=CALLBACK)

    page = browser.get(AUTHORIZE)

    assert page.status_code == 200
    assert stand_ins.lookups == []
    assert ClientDocument.objects.count() == 0


def test_a_client_that_was_set_up_during_the_fetch_is_not_taken_over(host: Host) -> None:
    fetched = client_documents._fetch(URL)
    make_client(client_id=URL, registration_source="manual", name="Ours")

    with pytest.raises(ClientDocumentRefused):
        client_documents._store(URL, *fetched, None)

    assert Client.objects.get().name == "Ours"
