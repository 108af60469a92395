"""Vendors' assistants with their own documents, from the consent page to a refresh (connectors §1)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.test import Client as Browser

from oauth.bearer import resolve_bearer_token
from oauth.models import Client
from oauth.tests import zoo
from oauth.tests.assertions import key_set, make_key, proof, sign
from oauth.tests.protocol import authorize_path, decide, exchange_code, read_answer, refresh
from oauth.tests.stand_ins import Host, StandIns, json_answer

pytestmark = pytest.mark.django_db

KEY = make_key("cimd-20260428030119")


@pytest.fixture
def internet(stand_ins: StandIns) -> StandIns:
    """The hosts of the vendors, with the headers that they send."""
    for document in zoo.DOCUMENTS.values():
        parts = urlsplit(document["client_id"])
        host = stand_ins.hosts.get(parts.netloc) or stand_ins.serve(parts.netloc)
        content_type = "application/json; charset=utf-8" if "chatgpt" in parts.netloc else "application/json"
        answer = json_answer(document, Content_Type=content_type, Cache_Control="public, max-age=300")
        host.answers.setdefault(parts.path, answer)
    chatgpt(stand_ins).answers["/oauth/jwks.json"] = json_answer(key_set(KEY, use="sig", alg="RS256"))
    return stand_ins


def chatgpt(internet: StandIns) -> Host:
    """ChatGPT's host."""
    return internet.hosts["chatgpt.com"]


def serve(internet: StandIns, document: dict[str, Any]) -> None:
    """Have a vendor publish this document instead."""
    parts = urlsplit(document["client_id"])
    internet.hosts[parts.netloc].answers[parts.path] = json_answer(document)


def connect(browser: Browser, document: dict[str, Any], redirect_uri: str, **fields: str | None) -> dict[str, Any]:
    """Consent as a guest, and trade the code; `fields` go along with the code. Returns the answer."""
    client = Client(client_id=document["client_id"])
    path = authorize_path(client, redirect_uri=redirect_uri, resource=settings.DEXTER_RESOURCE)
    page = browser.get(path).content.decode()
    assert document["client_name"] in page
    assert f'<span class="badge badge-verified">verified: {urlsplit(document["client_id"]).hostname}</span>' in page
    response = decide(browser, path, "guest")
    assert response["Location"].startswith(redirect_uri)
    answer = read_answer(response)
    assert answer["iss"] == settings.DEXTER_ISSUER
    response = exchange_code(browser, client, answer["code"], redirect_uri=redirect_uri, **fields)
    tokens: dict[str, Any] = response.json()
    return tokens


REDIRECTS = [
    *((zoo.CHATGPT, uri) for uri in zoo.CHATGPT["redirect_uris"]),
    *((zoo.CHATGPT_PER_CONNECTOR, uri) for uri in zoo.CHATGPT_PER_CONNECTOR["redirect_uris"]),
    *((zoo.CLAUDE, uri) for uri in zoo.CLAUDE["redirect_uris"]),
    (zoo.CLAUDE_CODE, "http://localhost:54321/callback"),
    (zoo.CLAUDE_CODE, "http://127.0.0.1:1/callback"),
    (zoo.CLAUDE_CODE, "http://localhost/callback"),
    *((zoo.VS_CODE, uri) for uri in zoo.VS_CODE["redirect_uris"]),
    (zoo.VS_CODE, "http://127.0.0.1:50000/"),
]


@pytest.mark.parametrize(("document", "redirect_uri"), REDIRECTS, ids=[uri for _, uri in REDIRECTS])
def test_an_assistant_connects_as_a_public_client_and_refreshes(
    browser: Browser, internet: StandIns, document: dict[str, Any], redirect_uri: str
) -> None:
    tokens = connect(browser, document, redirect_uri)
    again = refresh(browser, Client(client_id=document["client_id"]), tokens["refresh_token"]).json()

    principal = resolve_bearer_token(again["access_token"], resource=settings.DEXTER_RESOURCE)
    assert principal.client.client_id == document["client_id"]
    assert principal.client.verified_host == urlsplit(document["client_id"]).hostname
    assert principal.is_guest


@pytest.mark.parametrize("document", [zoo.CHATGPT, zoo.CHATGPT_PER_CONNECTOR, zoo.CHATGPT_WITH_LIST_ONLY])
@pytest.mark.parametrize("client_id_in_body", [True, False])
@pytest.mark.parametrize("audience", ["token endpoint", "issuer"])
def test_chatgpt_connects_with_its_key_and_refreshes(
    browser: Browser, internet: StandIns, document: dict[str, Any], client_id_in_body: bool, audience: str
) -> None:
    serve(internet, document)
    client_id, [redirect_uri] = document["client_id"], document["redirect_uris"]
    ours = settings.DEXTER_ISSUER if audience == "issuer" else f"{settings.DEXTER_RESOURCE}/token"
    in_body = {} if client_id_in_body else {"client_id": None}

    tokens = connect(browser, document, redirect_uri, **proof(sign(client_id, KEY, aud=ours)), **in_body)
    client = Client(client_id=client_id)
    again = refresh(browser, client, tokens["refresh_token"], **proof(sign(client_id, KEY, aud=ours)), **in_body)

    assert again.status_code == 200, again.content
    # The keys were fetched along with the document, while the person looked at the page.
    assert chatgpt(internet).asked_for("/oauth/jwks.json") == 1


def test_chatgpt_with_its_key_only_has_to_use_it(browser: Browser, internet: StandIns) -> None:
    document = zoo.CHATGPT_WITH_KEY_ONLY
    serve(internet, document)
    client_id, [redirect_uri] = document["client_id"], document["redirect_uris"]

    refused = connect(browser, document, redirect_uri)
    tokens = connect(browser, document, redirect_uri, **proof(sign(client_id, KEY)))

    assert refused["error"] == "invalid_client"
    assert refresh(browser, Client(client_id=client_id), tokens["refresh_token"]).json()["error"] == "invalid_client"
    again = refresh(browser, Client(client_id=client_id), tokens["refresh_token"], **proof(sign(client_id, KEY)))
    assert again.status_code == 200


def test_claude_code_gets_no_answer_at_another_path(browser: Browser, internet: StandIns) -> None:
    client = Client(client_id=zoo.CLAUDE_CODE["client_id"])

    for redirect_uri in (
        "http://localhost:54321/other",
        "http://localhost.evil.example/callback",
        "http://[::1]/callback",
    ):
        assert browser.get(authorize_path(client, redirect_uri=redirect_uri)).status_code == 400
