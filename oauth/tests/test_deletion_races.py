"""A client or person who is deleted while something is done in their name (RFC 7592 §2.3, RFC 6749 §5.2).

Whichever comes first, nothing of them is left, and the other gets an OAuth error, never a crash.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client as Browser
from oauthlib.common import Request

from accounts.models import AuditEntry, User
from accounts.overtaking import again_if_overtaken
from accounts.tests.builders import make_guest, make_user
from oauth import client_documents
from oauth.bearer import account_behind
from oauth.errors import ClientDocumentRefused, ConsentOutdated
from oauth.models import AccessToken, Client, ConnectorSession, Grant, RefreshToken, ServiceToken
from oauth.services import Consent, deny_authorization, end_session, issue_authorization_code, sessions, tokens
from oauth.tests.assertions import URL, make_key, make_signing_client, proof, sign
from oauth.tests.builders import (
    CODE_CHALLENGE,
    REDIRECT_URI,
    SECRET,
    make_access_token,
    make_account_link,
    make_client,
    make_confidential_client,
    make_grant,
    make_refresh_token,
    make_session,
)
from oauth.tests.protocol import (
    assert_json_error,
    authorize_path,
    basic,
    exchange_code,
    nothing_written,
    post_form,
    read_stamp,
    refresh,
)
from oauth.tests.threads import at_once, in_thread, tokens_half_made, wait_until_somebody_waits
from oauth.tokens import digest
from oauth.validator import DexterValidator

pytestmark = pytest.mark.django_db(transaction=True)
REGISTRATION_TOKEN = "dxt_" + "r" * 43
REFUSED = "oauth.token.refused"


@pytest.fixture
def client() -> Client:
    """A client that may remove its registration."""
    return make_client(registration_token_digest=digest(REGISTRATION_TOKEN))


def unregister(client: Client) -> Any:
    """Let the client remove itself."""
    headers = {"Authorization": f"Bearer {REGISTRATION_TOKEN}"}
    return Browser().delete(f"/mcp/register/{client.client_id}", headers=headers)


def assert_nothing_is_left_of(client: Client) -> None:
    assert not Client.objects.filter(pk=client.pk).exists()
    for model in (ConnectorSession, Grant, AccessToken, RefreshToken):
        assert not model._default_manager.exists()


# --- Held by hand -----------------------------------------------------------------------------------------------------


def test_a_refresh_finds_nothing_of_a_client_that_was_deleted_after_it_was_looked_up(client: Client) -> None:
    _row, token = make_refresh_token(make_session(client=client))
    copy = Client.objects.get()
    unregister(client)

    with nothing_written(), transaction.atomic():
        found = DexterValidator().validate_refresh_token(token, copy, Request("http://localhost/mcp/token"))

    assert found is False


def test_a_code_is_nothing_without_its_client(client: Client) -> None:
    grant, _code = make_grant(make_session(client=client, connected_at=None))
    copy = Client.objects.get()
    unregister(client)

    with nothing_written(), transaction.atomic():
        found = DexterValidator().validate_code(copy.client_id, grant.code, copy, Request("http://localhost/mcp/token"))

    assert found is False


@pytest.mark.parametrize("gone", ["client", "account", "guest", "blocked", "inactive"])
def test_no_session_is_opened_for_somebody_who_is_gone(client: Client, gone: str) -> None:
    user = make_guest() if gone == "guest" else make_user()
    copies = User.objects.get(), Client.objects.get()
    {
        "client": client.delete,
        "account": user.delete,
        "guest": user.delete,
        "blocked": lambda: Client.objects.update(blocked_at=client.created),
        "inactive": lambda: User.objects.update(is_active=False),
    }[gone]()

    with nothing_written(), pytest.raises(ConsentOutdated):
        issue_authorization_code(
            consent=Consent(user=copies[0], address=None, user_agent=""),
            client=copies[1],
            redirect_uri=REDIRECT_URI,
            scopes=["identity.read"],
            code_challenge=CODE_CHALLENGE,
        )


@pytest.mark.parametrize("decision", ["allow", "deny"])
@pytest.mark.parametrize("gone", ["client", "person"])
def test_a_decision_that_comes_too_late_leads_to_the_page_as_it_is_now(
    client: Client, gone: str, decision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    services: dict[str, Any] = {"allow": issue_authorization_code, "deny": deny_authorization}
    service = services[decision]

    def decide_too_late(**arguments: Any) -> Any:
        (client if gone == "client" else person).delete()
        return service(**arguments)

    person, browser, path = make_user(), Browser(), authorize_path(client)
    browser.force_login(person)
    stamp = read_stamp(browser.get(path))
    monkeypatch.setattr(f"oauth.views.authorize.{service.__name__}", decide_too_late)

    response = browser.post(path, {"stamp": stamp, "decision": decision})

    page = browser.get(response["Location"])
    assert (response.status_code, response["Location"]) == (303, path)
    assert page.status_code == (400 if gone == "client" else 200)
    assert ("Continue without an account" in page.content.decode()) == (gone == "person")
    assert not ConnectorSession.objects.exists()


def test_a_document_that_is_deleted_while_its_keys_are_fetched_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    client = make_signing_client(keys_fresh_until=None)
    monkeypatch.setattr(client_documents, "_fetch_keys", lambda document: Client.objects.all().delete())

    response = refresh(Browser(), client, "dxr_unknown", **proof(sign(URL, make_key("k1"))))

    assert_json_error(response, "invalid_client", 401)
    assert AuditEntry.objects.get(action=REFUSED).reason == "client_unknown"


def test_a_document_that_is_deleted_while_it_is_fetched_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    make_signing_client(keys_fresh_until=None)
    monkeypatch.setattr(client_documents, "_fetch_keys", lambda document: Client.objects.all().delete())

    with pytest.raises(ClientDocumentRefused):
        client_documents.refresh_client_document(client_id=URL, address=None)


# --- Done again -------------------------------------------------------------------------------------------------------


def test_what_was_overtaken_is_done_again_and_not_for_ever() -> None:
    tried: list[int] = []

    def act() -> None:
        tried.append(1)
        raise IntegrityError

    with pytest.raises(IntegrityError):
        again_if_overtaken(act)
    assert len(tried) == 3

    with pytest.raises(IntegrityError), transaction.atomic():
        again_if_overtaken(act)
    assert len(tried) == 4


@pytest.mark.postgres
def test_a_service_that_is_deleted_while_it_asks_for_a_token_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    service = make_confidential_client(
        registration_source=Client.RegistrationSource.MANUAL, may_resolve_identities=True
    )

    def delete_it() -> str:
        in_thread(Client.objects.all().delete).result(10)
        return "dxm_late"

    monkeypatch.setattr("oauth.services.service_tokens.generate_service_token", delete_it)

    headers = basic(service.client_id, SECRET)
    response = post_form(Browser(), "/mcp/token", {"grant_type": "client_credentials"}, headers=headers)

    assert_json_error(response, "invalid_client", 401)
    assert not ServiceToken.objects.exists()


@pytest.mark.postgres
@pytest.mark.parametrize("credential", ["code", "token"])
def test_a_connection_outlives_the_account_that_goes_while_it_is_used(
    credential: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A guest's connection acts for nobody then; its audit row named an account that is gone when it is committed."""
    guest, account = make_guest(), make_user()
    make_account_link(guest, account)
    session = make_session(user=guest, connected_at=None)
    grant, code = make_grant(session)
    _row, token = make_access_token(session)

    def find_and_delete(user: User) -> User | None:
        found = account_behind(user)
        in_thread(User.objects.filter(is_guest=False).delete).result(10)
        return found

    for module in (sessions, tokens):
        monkeypatch.setattr(module, "account_behind", find_and_delete)

    if credential == "code":
        response = exchange_code(Browser(), grant.application, code)
    else:
        response = post_form(Browser(), "/mcp/revoke", {"token": token, "client_id": grant.application.client_id})

    session.refresh_from_db()
    assert response.status_code == 200
    assert (session.ended_at is None) == (credential == "code")


# --- At the same moment, on PostgreSQL --------------------------------------------------------------------------------


@pytest.mark.postgres
def test_a_refresh_waits_for_a_deletion_and_is_refused(client: Client) -> None:
    _row, token = make_refresh_token(make_session(client=client))

    with transaction.atomic():
        unregister(client)
        waiting = in_thread(lambda: refresh(Browser(), client, token))
        wait_until_somebody_waits()

    assert waiting.result(20).json()["error"] in ("invalid_grant", "invalid_client")
    assert_nothing_is_left_of(client)
    assert AuditEntry.objects.filter(action=REFUSED).count() == 1


@pytest.mark.postgres
@pytest.mark.parametrize("credential", ["refresh token", "code"])
def test_a_client_that_deletes_itself_waits_for_its_own_tokens_and_takes_them_along(
    client: Client, credential: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = make_session(client=client)
    _row, token = make_refresh_token(session)
    _grant, code = make_grant(session)

    def ask() -> Any:
        return exchange_code(Browser(), client, code) if credential == "code" else refresh(Browser(), client, token)

    with tokens_half_made(monkeypatch, ask) as tokens:
        deletion = in_thread(lambda: unregister(client))
        wait_until_somebody_waits()

    assert (tokens.result().status_code, deletion.result(20).status_code) == (200, 204)
    assert_nothing_is_left_of(client)


@pytest.mark.postgres
@pytest.mark.parametrize("_turn", range(3))
def test_whatever_a_client_does_while_it_deletes_itself_nothing_crashes_and_nothing_is_left(
    client: Client, _turn: int
) -> None:
    sessions = [make_session(client=client) for _ in range(3)]
    refreshed, revoked = (make_refresh_token(session)[1] for session in sessions[:2])
    _grant, code = make_grant(sessions[2])
    path = authorize_path(client)
    browser = Browser()
    stamp = read_stamp(browser.get(path))
    acts: list[Callable[[], Any]] = [
        *[lambda: refresh(Browser(), client, refreshed)] * 3,
        lambda: exchange_code(Browser(), client, code),
        lambda: post_form(Browser(), "/mcp/revoke", {"token": revoked, "client_id": client.client_id}),
        lambda: browser.post(path, {"stamp": stamp, "decision": "guest"}),
        *[lambda: unregister(client)] * 2,
    ]
    turns = iter(acts)

    def take_turn() -> Any:
        return next(turns)()

    answers = at_once(take_turn, count=len(acts))

    assert {response.status_code for response in answers} <= {200, 204, 302, 303, 400, 401}
    assert AuditEntry.objects.filter(action="oauth.client.removed").count() == 1
    assert_nothing_is_left_of(client)


def test_staff_who_end_a_session_that_is_gone_do_nothing(client: Client) -> None:
    session = ConnectorSession.objects.select_related("user", "client").get(pk=make_session(client=client).pk)
    unregister(client)
    staff = make_user()

    with nothing_written():
        ended = end_session(session=session, reason=ConnectorSession.EndReason.STAFF, actor=staff)

    assert ended is False
