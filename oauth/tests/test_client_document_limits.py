"""How many unknown documents are fetched, and which never (connectors, rule 3)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

from accounts.audit import record_audit
from accounts.models import AuditEntry
from accounts.tests.builders import make_user
from oauth import client_documents, fetching
from oauth.client_documents import MAX_NEW_DOCUMENTS_AN_ADDRESS, MAX_NEW_DOCUMENTS_AN_HOUR, refresh_client_document
from oauth.errors import ClientDocumentRefused, DocumentNotFetched, NewDocumentsLimited
from oauth.models import Client
from oauth.services import block_client
from oauth.tests.documents import AUTHORIZE, CALLBACK, FAILED, PATH, REFUSED, REQUESTED, URL, audited, grow_old
from oauth.tests.protocol import authorize_path, nothing_written
from oauth.tests.stand_ins import Host

pytestmark = pytest.mark.django_db


# --- Limits -----------------------------------------------------------------------------------------------------------


def test_a_hundred_unknown_documents_an_hour_are_looked_at(browser: Browser, host: Host) -> None:
    now = timezone.now()
    for number in range(MAX_NEW_DOCUMENTS_AN_HOUR - 1):
        AuditEntry.objects.create(action=REQUESTED, client_id=f"https://example.com/{number}")
    assert browser.get(AUTHORIZE).status_code == 200

    other = authorize_path(Client(client_id="https://app.example.com/other.json"), redirect_uri=CALLBACK)
    with nothing_written(REFUSED):
        page = browser.get(other)

    assert page.status_code == 503
    assert "in an hour" in page.content.decode()
    assert host.asked_for("/other.json") == 0
    # A known one is none of them.
    assert browser.get(AUTHORIZE).status_code == 200

    AuditEntry.objects.filter(action=REQUESTED).update(created_at=now - timedelta(minutes=61))
    assert browser.get(other).status_code == 400
    assert host.asked_for("/other.json") == 1


@pytest.mark.parametrize(
    ("taken_from", "neighbour", "stranger"),
    [
        ("203.0.113.7", "203.0.113.7", "203.0.113.8"),
        ("2001:db8::1", "2001:db8::ffff:2", "2001:db8:0:1::1"),
    ],
)
def test_one_address_does_not_take_everybodys_places(
    host: Host, taken_from: str, neighbour: str, stranger: str
) -> None:
    """Every connector of ChatGPT is a new document: whoever asked for a hundred an hour would shut them all out."""
    for number in range(MAX_NEW_DOCUMENTS_AN_ADDRESS):
        url = f"https://example.com/{number}"
        AuditEntry.objects.create(action=REQUESTED, client_id=url, address=taken_from)

    with nothing_written(REFUSED), pytest.raises(NewDocumentsLimited):
        refresh_client_document(client_id=URL, address=neighbour)
    assert host.requests == []

    refresh_client_document(client_id=URL, address=stranger)
    assert Client.objects.get().client_id == URL


def test_a_place_is_taken_before_the_fetch_and_by_failures_too(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []

    def fetch(url: str) -> None:
        taken.append(len(audited(REQUESTED)))
        raise DocumentNotFetched("status_404")

    monkeypatch.setattr(client_documents, "fetch_document", fetch)
    with pytest.raises(ClientDocumentRefused):
        refresh_client_document(client_id=URL, address=None)

    assert taken == [1]
    assert len(audited(REQUESTED)) == len(audited(FAILED)) == 1


def test_two_workers_that_come_for_the_last_place_do_not_both_get_it(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(MAX_NEW_DOCUMENTS_AN_HOUR - 1):
        AuditEntry.objects.create(action=REQUESTED, client_id=f"https://example.com/{number}")
    record = record_audit

    def record_after_another_worker_did(action: Any, **fields: Any) -> Any:
        # Both have counted 99, and the other one was a moment faster.
        AuditEntry.objects.create(action=REQUESTED, client_id="https://example.com/other")
        return record(action, **fields)

    monkeypatch.setattr(client_documents, "record_audit", record_after_another_worker_did)
    with pytest.raises(NewDocumentsLimited):
        refresh_client_document(client_id=URL, address=None)

    assert host.requests == []


def test_a_busy_process_says_to_come_again_and_blames_nobody(
    browser: Browser, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    while fetching._slots.acquire(blocking=False):
        pass
    try:
        page = browser.get(AUTHORIZE)
    finally:
        for _ in range(fetching.MAX_CONCURRENT_FETCHES):
            fetching._slots.release()

    assert page.status_code == 503
    assert audited(FAILED) == []
    assert browser.get(AUTHORIZE).status_code == 200


# --- Blocked ----------------------------------------------------------------------------------------------------------


def test_a_blocked_host_is_not_fetched_from(browser: Browser, host: Host, settings: Any) -> None:
    settings.DEXTER_BLOCKED_CLIENT_HOSTS = ("example.com",)

    with nothing_written(REFUSED):
        assert browser.get(AUTHORIZE).status_code == 400

    assert host.requests == []
    assert audited(REFUSED)[0].reason == "host_blocked"


@pytest.mark.parametrize("how", ["host", "client"])
def test_a_known_client_that_is_blocked_is_unknown_and_not_fetched(
    browser: Browser, host: Host, settings: Any, how: str
) -> None:
    browser.get(AUTHORIZE)
    grow_old()
    if how == "host":
        settings.DEXTER_BLOCKED_CLIENT_HOSTS = ("app.example.com",)
    else:
        block_client(client=Client.objects.get(), actor=make_user(), blocked=True)

    with nothing_written("oauth.authorization.refused"):
        assert browser.get(AUTHORIZE).status_code == 400

    assert host.asked_for(PATH) == 1
