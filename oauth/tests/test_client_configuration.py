"""The client configuration endpoint (RFC 7592)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client as Browser

from accounts.models import AuditEntry
from accounts.tests.builders import make_user
from oauth.audit import OAuthAction
from oauth.errors import InvalidRegistrationToken
from oauth.models import Client, ConnectorSession
from oauth.registration import ClientMetadata, unregister_client, update_registration
from oauth.services import block_client, flag_client
from oauth.tests.builders import make_access_token, make_client, make_session
from oauth.tests.protocol import assert_json_error, nothing_written, register
from oauth.tokens import digest

pytestmark = pytest.mark.django_db
PUBLIC = {"token_endpoint_auth_method": "none"}


@pytest.fixture
def registered(browser: Browser) -> dict[str, Any]:
    """The answer to a registration."""
    answer: dict[str, Any] = register(browser, client_name="Before").json()
    return answer


def path_of(registered: dict[str, Any]) -> str:
    """The path of the client configuration endpoint."""
    return str(registered["registration_client_uri"]).removeprefix("http://localhost:8000")


def bearer(token: str) -> dict[str, str]:
    """The header with a registration access token."""
    return {"Authorization": f"Bearer {token}"}


def put(browser: Browser, registered: dict[str, Any], body: dict[str, Any], token: str | None = None) -> Any:
    """Replace the registration."""
    headers = bearer(token or registered["registration_access_token"])
    return browser.put(path_of(registered), json.dumps(body), "application/json", headers=headers)


def make_metadata(registered: dict[str, Any]) -> ClientMetadata:
    """The metadata of an update under the name "After"."""
    fields = {"redirect_uris": registered["redirect_uris"], "client_name": "After", **PUBLIC}
    return ClientMetadata.from_json(json.dumps(fields).encode())


def test_only_the_digest_of_the_registration_access_token_is_kept(registered: dict[str, Any]) -> None:
    client = Client.objects.get()

    assert client.registration_token_digest == digest(registered["registration_access_token"])


def test_a_client_reads_its_registration_without_secrets(browser: Browser, registered: dict[str, Any]) -> None:
    answer = browser.get(path_of(registered), headers=bearer(registered["registration_access_token"]))

    assert answer.status_code == 200
    assert answer.json()["client_name"] == "Before"
    assert not {"client_secret", "registration_access_token"} & answer.json().keys()
    assert None not in answer.json().values()


def test_a_client_replaces_its_registration(browser: Browser, registered: dict[str, Any]) -> None:
    body = {
        "client_id": registered["client_id"],
        "client_name": "After",
        "redirect_uris": ["https://assistant.example/cb"],
        "token_endpoint_auth_method": "none",
    }

    answer = put(browser, registered, body)

    assert (answer.status_code, answer.json()["client_name"]) == (200, "After")
    client = Client.objects.get()
    assert (client.name, client.redirect_uris) == ("After", "https://assistant.example/cb")


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"client_id": "another"}, "invalid_client_metadata"),
        ({"redirect_uris": ["javascript:alert(1)"]}, "invalid_redirect_uri"),
        ({"client_name": "Dexter, verified"}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": "client_secret_basic"}, "invalid_client_metadata"),
    ],
)
def test_a_replacement_has_to_keep_the_rules_of_registration(
    browser: Browser, registered: dict[str, Any], change: dict[str, Any], error: str
) -> None:
    body = {"client_id": registered["client_id"], "redirect_uris": registered["redirect_uris"]}
    body |= {"token_endpoint_auth_method": "none", **change}

    with nothing_written():
        answer = put(browser, registered, body)

    assert_json_error(answer, error)


def test_a_client_removes_itself_and_its_tokens_stop(browser: Browser, registered: dict[str, Any]) -> None:
    client = Client.objects.get()
    _row, token = make_access_token(make_session(client=client, scope="openid"))

    answer = browser.delete(path_of(registered), headers=bearer(registered["registration_access_token"]))

    assert answer.status_code == 204
    assert not Client.objects.exists()
    assert browser.get("/mcp/userinfo", headers=bearer(token)).status_code == 401


@pytest.mark.parametrize("method", ["get", "put", "delete"])
def test_nobody_else_gets_in(browser: Browser, registered: dict[str, Any], method: str) -> None:
    other: dict[str, Any] = register(browser).json()
    _row, access_token = make_access_token(make_session(client=Client.objects.get(client_id=other["client_id"])))
    manual = make_client(registration_source=Client.RegistrationSource.MANUAL)

    with nothing_written():
        answers = [
            getattr(browser, method)(path_of(registered)),
            getattr(browser, method)(path_of(registered), headers=bearer("dxt_wrong")),
            getattr(browser, method)(path_of(registered), headers=bearer(other["registration_access_token"])),
            getattr(browser, method)(path_of(registered), headers=bearer(access_token)),
            getattr(browser, method)(f"/mcp/register/{manual.client_id}", headers=bearer("dxt_x")),
            getattr(browser, method)("/mcp/register/unknown", headers=bearer("dxt_x")),
        ]

    for answer in answers:
        assert_json_error(answer, "invalid_token", 401)


def test_a_client_that_writes_while_a_person_reports_it_stays_reported(registered: dict[str, Any]) -> None:
    """Two copies of one row."""
    client = Client.objects.get()
    flag_client(client=Client.objects.get(), actor=None)

    update_registration(client=client, metadata=make_metadata(registered), address=None)

    assert Client.objects.get().flagged_at is not None


def test_a_client_that_writes_while_staff_block_it_stays_blocked(registered: dict[str, Any]) -> None:
    """A client that never stops updating itself must not undo a block."""
    client = Client.objects.get()
    block_client(client=Client.objects.get(), actor=make_user(), blocked=True)

    with nothing_written(), pytest.raises(InvalidRegistrationToken):
        update_registration(client=client, metadata=make_metadata(registered), address=None)


def test_a_client_that_writes_while_it_is_removed_stays_gone(registered: dict[str, Any]) -> None:
    client = Client.objects.get()
    unregister_client(client=Client.objects.get(), address=None)

    with nothing_written(), pytest.raises(InvalidRegistrationToken):
        update_registration(client=client, metadata=make_metadata(registered), address=None)


def test_a_reported_client_cannot_take_the_evidence_along(browser: Browser, registered: dict[str, Any]) -> None:
    """Design §7: "this wasn't me" flags the client for staff; it would come again with a clean record."""
    client = Client.objects.get()
    _row, token = make_access_token(make_session(client=client, scope="openid"))
    flag_client(client=client, actor=None)

    answer = browser.delete(path_of(registered), headers=bearer(registered["registration_access_token"]))

    assert answer.status_code == 204
    client.refresh_from_db()
    assert client.blocked_at is not None
    assert ConnectorSession.objects.filter(client=client).exists()
    assert browser.get("/mcp/userinfo", headers=bearer(token)).status_code == 401
    again = browser.get(path_of(registered), headers=bearer(registered["registration_access_token"]))
    assert_json_error(again, "invalid_token", 401)


def test_a_client_that_is_blocked_while_it_removes_itself_stays(registered: dict[str, Any]) -> None:
    client = Client.objects.get()
    block_client(client=Client.objects.get(), actor=make_user(), blocked=True)

    unregister_client(client=client, address=None)

    assert Client.objects.get().blocked_at is not None


def test_the_audit_log_keeps_under_which_name_a_client_appeared(browser: Browser, registered: dict[str, Any]) -> None:
    """Whoever phished as one thing and then renames itself is still found."""
    body = {"client_id": registered["client_id"], "client_name": "After", "redirect_uris": ["https://a.example/cb"]}

    put(browser, registered, body | PUBLIC)

    named = AuditEntry.objects.filter(client_id=registered["client_id"])
    first, second = (named.get(action=a).detail for a in (OAuthAction.CLIENT_REGISTERED, OAuthAction.CLIENT_UPDATED))
    assert (first["name"], second) == ("Before", {"name": "After", "redirect_hosts": ["a.example"]})
