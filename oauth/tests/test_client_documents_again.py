"""Stored documents: fetched again, changed, gone, and swept (connectors, rule 3)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import AuditEntry
from oauth import client_documents
from oauth.models import Client, ClientDocument, ConnectorSession, Grant
from oauth.services import sweep_oauth
from oauth.tests.builders import make_access_token, make_client_document, make_session
from oauth.tests.documents import (
    AUTHORIZE,
    BAD_DOCUMENTS,
    CALLBACK,
    CHANGED,
    DOCUMENT,
    FAILED,
    PATH,
    REFUSED,
    REQUESTED,
    audited,
    grow_old,
)
from oauth.tests.protocol import decide, read_stamp
from oauth.tests.stand_ins import Answer, Host, json_answer

pytestmark = pytest.mark.django_db


# --- Again ------------------------------------------------------------------------------------------------------------


def test_a_copy_that_is_due_is_fetched_again(browser: Browser, host: Host) -> None:
    browser.get(AUTHORIZE)
    grow_old()

    assert browser.get(AUTHORIZE).status_code == 200

    assert host.asked_for(PATH) == 2
    assert ClientDocument.objects.get().next_fetch_at > timezone.now() + timedelta(minutes=59)
    assert len(audited(REQUESTED)) == 1
    assert audited(CHANGED) == []


def test_one_worker_fetches_and_the_others_use_the_copy_meanwhile(browser: Browser, host: Host) -> None:
    browser.get(AUTHORIZE)
    grow_old()

    document = ClientDocument.objects.select_related("client").get()
    # Another worker read the same row, and claimed it first.
    ClientDocument.objects.update(next_fetch_at=timezone.now() + timedelta(minutes=1))
    client_documents._fetch_again_if_due(document, None)

    assert host.asked_for(PATH) == 1


def test_a_failure_is_counted_together_with_its_audit_row(browser: Browser, host: Host) -> None:
    browser.get(AUTHORIZE)
    host.answers[PATH] = Answer(status="500 Internal Server Error")
    grow_old()

    def broken(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith("INSERT INTO") and AuditEntry._meta.db_table in sql:
            raise OperationalError("server closed the connection unexpectedly")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(broken):
        response = browser.get(AUTHORIZE)

    assert response.status_code == 503
    assert audited(FAILED) == []
    assert ClientDocument.objects.get().failures == 0


def test_a_changed_document_changes_the_client(browser: Browser, host: Host) -> None:
    browser.get(AUTHORIZE)
    host.answers[PATH] = json_answer(
        DOCUMENT
        | {
            "client_name": "Renamed",
            "redirect_uris": ["https://app.example.com/new"],
            "grant_types": ["authorization_code"],
        }
    )
    grow_old()

    assert browser.get(AUTHORIZE).status_code == 400
    assert "Renamed" in browser.get(AUTHORIZE.replace("callback", "new")).content.decode()
    client = Client.objects.get()
    assert (client.name, client.redirect_uris) == ("Renamed", "https://app.example.com/new")
    assert client.grant_types == ["authorization_code"]
    assert audited(CHANGED)[0].detail == {"fields": ["grant_types", "name", "redirect_uris"]}


@pytest.mark.parametrize("field", ["client_name", "redirect_uris"])
def test_a_change_while_the_page_is_open_asks_again(browser: Browser, host: Host, field: str) -> None:
    stamp = read_stamp(browser.get(AUTHORIZE))
    changed = {"client_name": "Renamed", "redirect_uris": [CALLBACK, "https://app.example.com/new"]}
    host.answers[PATH] = json_answer(DOCUMENT | {field: changed[field]})
    grow_old()

    response = browser.post(AUTHORIZE, {"stamp": stamp, "decision": "guest"})

    assert response.status_code == 409
    assert read_stamp(response) != stamp
    assert (ConnectorSession.objects.count(), Grant.objects.count()) == (0, 0)


def test_consent_is_never_remembered(browser: Browser, host: Host) -> None:
    assert decide(browser, AUTHORIZE, "guest").status_code == 302

    # The same browser, the same client, the same request: the person is asked again, changed document or not.
    assert browser.get(AUTHORIZE).status_code == 200
    host.answers[PATH] = json_answer(DOCUMENT | {"client_name": "Renamed"})
    grow_old()
    assert "Renamed" in browser.get(AUTHORIZE).content.decode()


# --- Again, in vain ---------------------------------------------------------------------------------------------------


def test_a_failed_fetch_leaves_the_copy_in_use_and_waits_longer_each_time(browser: Browser, host: Host) -> None:
    browser.get(AUTHORIZE)
    host.answers[PATH] = Answer(status="500 Internal Server Error")

    waits = []
    for _ in range(8):
        grow_old()
        assert browser.get(AUTHORIZE).status_code == 200
        assert browser.get(AUTHORIZE).status_code == 200
        waits.append(round((ClientDocument.objects.get().next_fetch_at - timezone.now()).total_seconds() / 60))

    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]
    assert host.asked_for(PATH) == 9
    document = ClientDocument.objects.get()
    assert (document.failures, document.failure) == (8, "status_500")
    assert len(audited(FAILED)) == 8

    host.answers[PATH] = json_answer(DOCUMENT)
    grow_old()
    browser.get(AUTHORIZE)
    document.refresh_from_db()
    assert (document.failures, document.failure) == (0, "")


@pytest.mark.parametrize("answer", BAD_DOCUMENTS.values(), ids=BAD_DOCUMENTS)
def test_a_document_that_went_bad_leaves_the_copy_in_use(browser: Browser, host: Host, answer: Answer) -> None:
    browser.get(AUTHORIZE)
    host.answers[PATH] = answer
    grow_old()

    assert browser.get(AUTHORIZE).status_code == 200
    assert Client.objects.get().name == "Example Helper"


def test_a_copy_serves_for_seven_days_and_then_the_client_is_unknown(browser: Browser, host: Host) -> None:
    browser.get(AUTHORIZE)
    host.answers[PATH] = Answer(status="404 Not Found")

    grow_old(fetched_at=timedelta(days=7, seconds=-60))
    assert browser.get(AUTHORIZE).status_code == 200
    grow_old(fetched_at=timedelta(days=7, seconds=1))
    page = browser.get(AUTHORIZE)

    assert page.status_code == 400
    assert "What to do" in page.content.decode()
    assert audited(REFUSED)[0].reason == "lapsed"
    # It is back, and so is the client.
    host.answers[PATH] = json_answer(DOCUMENT)
    grow_old(fetched_at=timedelta(days=30))
    assert browser.get(AUTHORIZE).status_code == 200


def test_age_alone_does_not_end_a_client_that_nobody_asked_for(browser: Browser, host: Host) -> None:
    browser.get(AUTHORIZE)
    grow_old(fetched_at=timedelta(days=30))

    assert browser.get(AUTHORIZE).status_code == 200


# --- Clean-up ---------------------------------------------------------------------------------------------------------


def test_a_stored_document_that_nobody_uses_is_swept_and_fetched_again_when_asked_for(
    browser: Browser, host: Host
) -> None:
    used = make_access_token(make_session(client=make_client_document().client))[0].session.client
    browser.get(AUTHORIZE)
    Client.objects.update(created=timezone.now() - timedelta(hours=25))

    assert sweep_oauth()["clients"] == 1

    assert list(Client.objects.all()) == [used]
    assert browser.get(AUTHORIZE).status_code == 200
