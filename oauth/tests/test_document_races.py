"""The same assertion, and the last places for unknown documents, many times at once (RFC 7523 §3)."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connections
from django.test import Client as Browser

from accounts.models import AuditEntry
from oauth import client_documents, fetching
from oauth.client_documents import MAX_NEW_DOCUMENTS_AN_HOUR, refresh_client_document
from oauth.errors import ClientDocumentRefused, DocumentNotFetched, NewDocumentsLimited
from oauth.models import Client, UsedAssertion
from oauth.tests.assertions import URL, make_key, make_signing_client, proof, sign
from oauth.tests.builders import make_refresh_token, make_session
from oauth.tests.documents import DOCUMENT, REQUESTED
from oauth.tests.processes import COUNT, post_at_once
from oauth.tests.protocol import refresh
from oauth.tests.stand_ins import StandIns, json_answer
from oauth.tests.threads import at_once

THREADS = 8


def assert_one_got_through(answers: list[tuple[int, dict[str, Any]]]) -> None:
    """One gets tokens, everybody else `invalid_client`."""
    refused = [(status, answer["error"]) for status, answer in answers if status != 200]
    assert refused == [(401, "invalid_client")] * (len(answers) - 1)
    assert UsedAssertion.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_many_threads_use_an_assertion_once() -> None:
    client = make_signing_client()
    _, token = make_refresh_token(make_session(client=client))
    fields = proof(sign(URL, make_key("k1")))

    responses = at_once(lambda: refresh(Browser(), client, token, **fields), count=THREADS)

    assert_one_got_through([(response.status_code, response.json()) for response in responses])


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_several_processes_use_an_assertion_once() -> None:
    client = make_signing_client()
    _, token = make_refresh_token(make_session(client=client))
    form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": URL}

    answers = post_at_once("/mcp/token", form | proof(sign(URL, make_key("k1"))))

    assert len(answers) == COUNT
    assert_one_got_through(answers)


@pytest.mark.django_db(transaction=True)
def test_many_threads_do_not_share_the_last_places(monkeypatch: pytest.MonkeyPatch) -> None:
    fetched: list[str] = []

    def fetch(url: str) -> None:
        fetched.append(url)
        raise DocumentNotFetched("status_404")

    def ask() -> str:
        try:
            refresh_client_document(client_id=f"https://app.example.com/{next(numbers)}.json", address=None)
        except ClientDocumentRefused as refusal:
            return type(refusal).__name__
        return ""

    numbers = iter(range(THREADS))
    monkeypatch.setattr(client_documents, "fetch_document", fetch)
    taken = MAX_NEW_DOCUMENTS_AN_HOUR - 2
    AuditEntry.objects.bulk_create(AuditEntry(action=REQUESTED, client_id="https://example.com/") for _ in range(taken))

    answers = at_once(ask, count=THREADS)

    assert len(fetched) <= 2
    assert answers.count(NewDocumentsLimited.__name__) == THREADS - len(fetched)


@pytest.mark.django_db(transaction=True)
def test_many_threads_that_meet_a_new_client_make_one(stand_ins: StandIns) -> None:
    stand_ins.serve("app.example.com").answers["/client.json"] = json_answer(DOCUMENT)

    at_once(lambda: refresh_client_document(client_id=URL, address=None), count=4)

    assert Client.objects.get().document.failures == 0
    assert AuditEntry.objects.filter(action="oauth.client_document.stored").count() == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_whoever_waits_for_a_host_holds_no_database_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pool is for everybody; a few slow hosts would take half of it from the pages."""
    mine, held = connections["default"], []

    def look(url: str, deadline: float) -> None:
        held.append(mine.connection is not None)
        raise DocumentNotFetched("status_404")

    monkeypatch.setattr(fetching, "_fetch", look)
    with pytest.raises(ClientDocumentRefused):
        refresh_client_document(client_id=URL, address=None)

    assert held == [False]
    assert AuditEntry.objects.filter(action="oauth.client_document.failed").count() == 1
