"""Trading a code for tokens (RFC 6749 §4.1.3, §5; RFC 7636 §4.6; RFC 8707 §2.2)."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import AuditEntry, User
from accounts.tests.builders import make_user
from oauth.bearer import resolve_bearer_token
from oauth.errors import InvalidToken
from oauth.models import AccessToken, Client, ConnectorSession, Grant, RefreshToken
from oauth.tests.builders import REDIRECT_URI, make_client, make_grant, make_session
from oauth.tests.protocol import (
    assert_json_error,
    authorize_path,
    decide,
    exchange_code,
    nothing_written,
    read_answer,
    refresh,
)
from oauth.tokens import digest

pytestmark = pytest.mark.django_db

REFUSED = "oauth.token.refused"
RESOURCE = "http://localhost:8000/mcp"


# --- The exchange -----------------------------------------------------------------------------------------------------


def test_a_code_is_traded_for_tokens_that_act(browser: Browser) -> None:
    person, client = make_user(), make_client()
    browser.force_login(person)
    code = read_answer(decide(browser, authorize_path(client), "allow"))["code"]

    response = exchange_code(Browser(), client, code, resource=RESOURCE)

    answer = response.json()
    principal = resolve_bearer_token(answer["access_token"], resource=RESOURCE)
    assert response.status_code == 200
    assert (response["Cache-Control"], response["Pragma"]) == ("no-store", "no-cache")
    assert answer.keys() == {"access_token", "token_type", "expires_in", "refresh_token", "scope"}
    assert answer["token_type"] == "Bearer"
    assert answer["expires_in"] == 3600
    assert answer["scope"] == "identity.read link.write offline_access"
    assert (principal.user, principal.account, principal.client) == (person, person, client)
    assert principal.session == Grant.objects.get().session


def test_tokens_are_long_prefixed_and_stored_as_digests_only(browser: Browser) -> None:
    grant, code = make_grant()

    answer = exchange_code(browser, grant.application, code).json()

    access, refresh = AccessToken.objects.get(), RefreshToken.objects.get()
    assert answer["access_token"].startswith("dxa_")
    assert answer["refresh_token"].startswith("dxr_")
    assert min(len(answer["access_token"]), len(answer["refresh_token"])) >= 47
    assert (access.token, access.token_checksum) == ("", digest(answer["access_token"]))
    assert (refresh.token, refresh.token_checksum) == ("", digest(answer["refresh_token"]))
    rows = [*AccessToken.objects.values(), *RefreshToken.objects.values(), *AuditEntry.objects.values()]
    stored = json.dumps(rows, default=str)
    assert not any(secret in stored for secret in (code, answer["access_token"], answer["refresh_token"]))


def test_the_session_is_connected_and_audited(browser: Browser) -> None:
    grant, code = make_grant()

    exchange_code(browser, grant.application, code)

    session = ConnectorSession.objects.get()
    client = Client.objects.get()
    entry = AuditEntry.objects.get()
    assert session.connected_at == session.last_used_at == client.last_used_at != None  # noqa: E711
    assert (entry.action, entry.session_id) == ("oauth.session.connected", session.pk)
    assert entry.client_id == client.client_id


def test_tokens_end_with_the_session(browser: Browser) -> None:
    ends_at = timezone.now() + timedelta(minutes=10)
    grant, code = make_grant(make_session(connected_at=None, expires_at=ends_at))

    answer = exchange_code(browser, grant.application, code).json()

    assert AccessToken.objects.get().expires == ends_at
    assert RefreshToken.objects.get().expires_at == ends_at
    assert 590 <= answer["expires_in"] <= 600


def test_a_client_that_did_not_ask_for_refresh_tokens_gets_none(browser: Browser) -> None:
    grant, code = make_grant(make_session(client=make_client(grant_types=["authorization_code"]), connected_at=None))

    answer = exchange_code(browser, grant.application, code).json()

    assert "refresh_token" not in answer
    assert not RefreshToken.objects.exists()


def test_a_missing_redirect_is_the_only_one_registered(browser: Browser) -> None:
    grant, code = make_grant()

    response = exchange_code(browser, grant.application, code, redirect_uri=None)

    assert response.status_code == 200


def test_parameters_without_a_value_count_as_absent(browser: Browser) -> None:
    """RFC 6749 §3.2."""
    grant, code = make_grant()

    response = exchange_code(browser, grant.application, code, redirect_uri="", client_secret="", resource="", scope="")

    assert response.status_code == 200


def test_a_scope_at_the_token_endpoint_widens_nothing(browser: Browser) -> None:
    grant, code = make_grant(make_session(scope="identity.read", connected_at=None))

    answer = exchange_code(browser, grant.application, code, scope="identity.read link.write email").json()

    assert answer["scope"] == AccessToken.objects.get().scope == "identity.read"


# --- Refusals ---------------------------------------------------------------------------------------------------------


def test_a_used_code_ends_its_session_and_every_token_in_it(browser: Browser) -> None:
    """RFC 6749 §4.1.2: somebody else has the code too."""
    grant, code = make_grant()
    tokens = exchange_code(browser, grant.application, code).json()

    response = exchange_code(browser, grant.application, code)

    session = ConnectorSession.objects.get()
    assert_json_error(response, "invalid_grant")
    assert session.end_reason == ConnectorSession.EndReason.CODE_REPLAYED
    with pytest.raises(InvalidToken):
        resolve_bearer_token(tokens["access_token"], resource=RESOURCE)
    entries = AuditEntry.objects.order_by("created_at").values_list("action", "reason")
    assert list(entries) == [
        ("oauth.session.connected", ""),
        ("oauth.session.ended", "code_replayed"),
        (REFUSED, "code_replayed"),
    ]
    assert_json_error(refresh(browser, grant.application, tokens["refresh_token"]), "invalid_grant")


def test_a_code_replayed_a_third_time_changes_nothing_more(browser: Browser) -> None:
    grant, code = make_grant()
    exchange_code(browser, grant.application, code)
    exchange_code(browser, grant.application, code)

    with nothing_written(REFUSED):
        response = exchange_code(browser, grant.application, code)

    assert_json_error(response, "invalid_grant")


def test_a_code_replayed_without_its_verifier_ends_the_session_too(browser: Browser) -> None:
    grant, code = make_grant()
    exchange_code(browser, grant.application, code)

    response = exchange_code(browser, grant.application, code, code_verifier="x" * 43)

    assert_json_error(response, "invalid_grant")
    assert ConnectorSession.objects.get().ended_at is not None


def test_another_client_can_neither_use_a_code_nor_end_its_session(browser: Browser) -> None:
    grant, code = make_grant()
    exchange_code(browser, grant.application, code)
    stranger = make_client()

    with nothing_written(REFUSED):
        response = exchange_code(browser, stranger, code)

    assert_json_error(response, "invalid_grant")


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"code": "dxg_unknown"}, "invalid_grant"),
        ({"code": "ä"}, "invalid_grant"),
        ({"code": None}, "invalid_request"),
        ({"code": ""}, "invalid_request"),
        ({"code_verifier": None}, "invalid_request"),
        ({"code_verifier": ""}, "invalid_request"),
        ({"code_verifier": "x" * 43}, "invalid_grant"),
        ({"code_verifier": "ä" * 43}, "invalid_grant"),
        ({"redirect_uri": "http://127.0.0.1:9/callback"}, "invalid_grant"),
        ({"redirect_uri": "https://attacker.example/"}, "invalid_grant"),
        ({"redirect_uri": REDIRECT_URI + "/"}, "invalid_grant"),
        ({"resource": "https://other.example/mcp"}, "invalid_target"),
        ({"resource": "http://localhost:8000/other"}, "invalid_target"),
        ({"resource": "not a url"}, "invalid_target"),
    ],
)
def test_a_wrong_request_leaves_the_code_for_the_right_one(
    browser: Browser, fields: dict[str, str | None], error: str
) -> None:
    grant, code = make_grant()

    with nothing_written(REFUSED):
        wrong = exchange_code(browser, grant.application, **{"code": code, **fields})
    right = exchange_code(browser, grant.application, code)

    assert_json_error(wrong, error)
    assert right.status_code == 200


def test_an_error_after_the_id_token_was_made_takes_it_back(browser: Browser) -> None:
    """A refusal rolls back whatever was written on the way to it."""
    grant, code = make_grant(make_session(scope="openid", connected_at=None))

    with nothing_written(REFUSED):
        response = exchange_code(browser, grant.application, code, resource="https://other.example/")

    assert_json_error(response, "invalid_target")


def test_the_challenge_itself_is_no_verifier(browser: Browser) -> None:
    """What anybody reads in the browser's address bar is not enough: `plain` is not spoken here (RFC 7636 §7.2)."""
    grant, code = make_grant()

    with nothing_written(REFUSED):
        response = exchange_code(browser, grant.application, code, code_verifier=grant.code_challenge)

    assert_json_error(response, "invalid_grant")


@pytest.mark.parametrize("method", ["plain", ""])
def test_a_stored_code_of_another_method_is_worth_nothing(browser: Browser, method: str) -> None:
    grant, code = make_grant(code_challenge_method=method)

    with nothing_written(REFUSED):
        response = exchange_code(browser, grant.application, code, code_verifier=grant.code_challenge)

    assert response.status_code == 400


def test_a_stored_code_without_a_challenge_is_worth_nothing(browser: Browser) -> None:
    grant, code = make_grant(code_challenge="", code_challenge_method="")

    with nothing_written(REFUSED):
        response = exchange_code(browser, grant.application, code)

    assert_json_error(response, "invalid_grant")


def test_an_expired_code_is_refused(browser: Browser) -> None:
    grant, code = make_grant(expires=timezone.now())

    with nothing_written(REFUSED):
        response = exchange_code(browser, grant.application, code)

    assert_json_error(response, "invalid_grant")


def test_a_code_of_an_ended_session_is_refused(browser: Browser) -> None:
    session = make_session(connected_at=None, ended_at=timezone.now(), end_reason=ConnectorSession.EndReason.USER)
    grant, code = make_grant(session)

    with nothing_written(REFUSED):
        response = exchange_code(browser, grant.application, code)

    assert_json_error(response, "invalid_grant")


def test_a_code_of_an_inactive_person_is_refused(browser: Browser) -> None:
    grant, code = make_grant()
    User.objects.update(is_active=False)

    with nothing_written(REFUSED):
        response = exchange_code(browser, grant.application, code)

    assert_json_error(response, "invalid_grant")


def test_the_digest_of_a_code_is_no_code(browser: Browser) -> None:
    """Whoever reads the database cannot trade what is in it."""
    grant, _ = make_grant()

    with nothing_written(REFUSED):
        response = exchange_code(browser, grant.application, grant.code)

    assert_json_error(response, "invalid_grant")
