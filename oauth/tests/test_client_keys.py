"""The keys that clients prove, where they come from and how old they may be (connectors, rule 3)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.utils import timezone

from accounts.tests.builders import make_user
from oauth import client_documents
from oauth.errors import FetchesBusy
from oauth.fetching import fetch_document
from oauth.models import ClientDocument
from oauth.services import block_client
from oauth.tests.assertions import (
    KEY,
    OTHER_KEY,
    URL,
    key_set,
    make_key,
    make_signing_client,
    proof,
    reason,
    sign,
    trade,
)
from oauth.tests.builders import REDIRECT_URI, make_refresh_token, make_session
from oauth.tests.protocol import refresh
from oauth.tests.stand_ins import Answer, Host, StandIns, json_answer

pytestmark = pytest.mark.django_db


# --- Keys -------------------------------------------------------------------------------------------------------------


def grow_old(**ages: timedelta) -> None:
    """Make what is stored of the keys older."""
    ClientDocument.objects.update(**{name: timezone.now() - age for name, age in ages.items()})


def test_an_unknown_key_is_asked_for_once_a_minute(host: Host) -> None:
    client = make_signing_client()
    host.answers["/jwks.json"] = json_answer(key_set(KEY, OTHER_KEY))

    assert trade(client, **proof(sign(URL, OTHER_KEY))).status_code == 200
    assert host.asked_for("/jwks.json") == 1

    for _ in range(3):
        assert trade(client, **proof(sign(URL, make_key("k3")))).status_code == 401
    assert reason() == "key_unknown"
    assert host.asked_for("/jwks.json") == 1

    grow_old(keys_attempted_at=timedelta(seconds=61))
    assert trade(client, **proof(sign(URL, make_key("k3")))).status_code == 401
    assert host.asked_for("/jwks.json") == 2


def test_a_host_that_does_not_serve_its_keys_is_asked_less_and_less(host: Host) -> None:
    """A stranger's document may name any host as that of its keys, and anybody can send assertions for it."""
    client = make_signing_client()
    host.answers["/jwks.json"] = Answer(status="404 Not Found")
    asked = []
    for minutes in [1, 1, 2, 4, 8, 16, 32, 60, 60]:
        for too_early in (timedelta(minutes=minutes, seconds=-5), timedelta(minutes=minutes, seconds=1)):
            grow_old(keys_attempted_at=too_early)
            trade(client, **proof(sign(URL, OTHER_KEY)))
            asked.append(host.asked_for("/jwks.json"))

    assert asked == [0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9]

    host.answers["/jwks.json"] = json_answer(key_set(OTHER_KEY))
    grow_old(keys_attempted_at=timedelta(hours=1, seconds=1))
    assert trade(client, **proof(sign(URL, OTHER_KEY))).status_code == 200
    assert ClientDocument.objects.get().keys_failures == 0


def test_a_document_with_its_keys_in_it_is_asked_less_and_less_too(host: Host) -> None:
    client = make_signing_client(jwks_uri="")
    host.answers["/client.json"] = Answer(status="404 Not Found")
    asked = []
    for minutes in [1, 1, 2, 4]:
        for too_early in (timedelta(minutes=minutes, seconds=-5), timedelta(minutes=minutes, seconds=1)):
            grow_old(keys_attempted_at=too_early)
            trade(client, **proof(sign(URL, OTHER_KEY)))
            asked.append(host.asked_for("/client.json"))

    assert asked == [0, 1, 1, 2, 2, 3, 3, 4]


def test_a_busy_process_is_not_the_hosts_failure(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    client = make_signing_client()

    def busy(url: str) -> None:
        raise FetchesBusy("fetches_busy")

    monkeypatch.setattr(client_documents, "fetch_document", busy)
    trade(client, **proof(sign(URL, OTHER_KEY)))

    assert ClientDocument.objects.get().keys_failures == 0


def test_a_rotated_key_without_a_name_is_asked_for_too(host: Host) -> None:
    client = make_signing_client()
    host.answers["/jwks.json"] = json_answer(key_set(OTHER_KEY))

    assert trade(client, **proof(sign(URL, OTHER_KEY, header={"kid": ...}))).status_code == 200


def test_a_bad_signature_of_a_known_key_asks_for_nothing(host: Host) -> None:
    assert trade(make_signing_client(), **proof(sign(URL, OTHER_KEY, header={"kid": "k1"}))).status_code == 401
    assert host.requests == []


def test_keys_that_are_not_fresh_are_fetched_and_a_withdrawn_one_is_gone(host: Host) -> None:
    client = make_signing_client()
    host.answers["/jwks.json"] = json_answer(key_set(OTHER_KEY))
    grow_old(keys_fresh_until=timedelta(seconds=1))

    assert trade(client, **proof(sign(URL, KEY))).status_code == 401
    assert trade(client, **proof(sign(URL, OTHER_KEY))).status_code == 200
    assert host.asked_for("/jwks.json") == 1


@pytest.mark.parametrize(
    "answer",
    [
        Answer(status="500 Internal Server Error"),
        Answer(b"[]"),
        Answer(b'{"keys": 7}'),
        json_answer({"keys": [KEY.export_private(as_dict=True)]}),
    ],
)
def test_keys_that_cannot_be_had_are_an_outage_and_not_a_bad_client(host: Host, answer: Answer) -> None:
    # A client throws its connection away on invalid_client.
    client = make_signing_client()
    host.answers["/jwks.json"] = answer

    for _ in range(2):
        response = trade(client, **proof(sign(URL, OTHER_KEY)))
        assert (response.status_code, response.json()["error"]) == (503, "temporarily_unavailable")
        assert response["Retry-After"]
    assert host.asked_for("/jwks.json") == 1
    # Those that are known still serve.
    assert trade(client, **proof(sign(URL, KEY))).status_code == 200


def test_stored_keys_serve_for_seven_days(host: Host) -> None:
    client = make_signing_client()
    host.answers["/jwks.json"] = Answer(status="500 Internal Server Error")

    grow_old(keys_fresh_until=timedelta(days=6), keys_fetched_at=timedelta(days=6, hours=23))
    assert trade(client, **proof(sign(URL, KEY))).status_code == 200
    grow_old(keys_fetched_at=timedelta(days=7, seconds=1))
    assert trade(client, **proof(sign(URL, KEY))).status_code == 503


def test_keys_in_the_document_are_fetched_with_it(host: Host) -> None:
    document = {"client_id": URL, "redirect_uris": [REDIRECT_URI], "token_endpoint_auth_method": "private_key_jwt"}
    host.answers["/client.json"] = json_answer(document | {"jwks": key_set(OTHER_KEY)})
    client = make_signing_client(jwks_uri="")

    assert trade(client, **proof(sign(URL, OTHER_KEY))).status_code == 200
    assert host.asked_for("/client.json") == 1
    assert trade(client, **proof(sign(URL, KEY))).status_code == 401


def test_nothing_is_fetched_inside_the_transaction(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    depths: list[int] = []

    def fetch(url: str) -> Any:
        depths.append(len(connection.savepoint_ids))
        return fetch_document(url)

    outside = len(connection.savepoint_ids)
    monkeypatch.setattr(client_documents, "fetch_document", fetch)
    client = make_signing_client()
    grow_old(keys_fresh_until=timedelta(seconds=1))
    ClientDocument.objects.update(next_fetch_at=timezone.now() - timedelta(days=1))

    assert trade(client, **proof(sign(URL, KEY))).status_code == 200
    assert depths == [outside]


# --- The document -----------------------------------------------------------------------------------------------------


def test_the_stored_document_decides_at_the_token_endpoint_however_old_it_is(stand_ins: StandIns) -> None:
    client = make_signing_client(must_sign=False)
    grow_old(fetched_at=timedelta(days=30), next_fetch_at=timedelta(days=30))

    assert trade(client).status_code == 200
    assert stand_ins.lookups == []


@pytest.mark.parametrize("signs", [True, False])
def test_a_document_that_was_gone_for_a_week_takes_its_client_along(stand_ins: StandIns, signs: bool) -> None:
    client = make_signing_client(must_sign=signs, failures=3)
    _, refresh_token = make_refresh_token(make_session(client=client))
    fields = proof(sign(URL, KEY)) if signs else {}
    grow_old(fetched_at=timedelta(days=7, seconds=1))

    assert trade(client, **fields).json()["error"] == "invalid_client"
    assert refresh(Browser(), client, refresh_token, **fields).json()["error"] == "invalid_client"


@pytest.mark.parametrize("why", ["host blocked", "client blocked", "gone for a week"])
def test_no_keys_are_fetched_for_a_client_that_is_out(host: Host, settings: Any, why: str) -> None:
    client = make_signing_client(failures=3, keys_fresh_until=None)
    if why == "host blocked":
        settings.DEXTER_BLOCKED_CLIENT_HOSTS = ("example.com",)
    elif why == "client blocked":
        block_client(client=client, actor=make_user(), blocked=True)
    else:
        grow_old(fetched_at=timedelta(days=7, seconds=1))

    assert trade(client, **proof(sign(URL, OTHER_KEY))).status_code == 401
    assert host.requests == []


@pytest.mark.parametrize("signs", [True, False])
def test_a_blocked_host_ends_tokens_that_exist(settings: Any, signs: bool) -> None:
    client = make_signing_client(must_sign=signs)
    _, refresh_token = make_refresh_token(make_session(client=client))
    settings.DEXTER_BLOCKED_CLIENT_HOSTS = ("app.example.com",)
    fields = proof(sign(URL, KEY)) if signs else {}

    assert refresh(Browser(), client, refresh_token, **fields).json()["error"] == "invalid_client"
