"""Trading a code for tokens (RFC 6749 §4.1.3, §5; RFC 7636 §4.6; RFC 8707 §2.2)."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from django.core.handlers.asgi import ASGIRequest
from django.db import OperationalError, connection
from django.http import HttpRequest
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import AuditEntry, User
from accounts.tests.builders import make_user
from oauth.bearer import resolve_bearer_token
from oauth.errors import InvalidToken
from oauth.models import AccessToken, Client, ConnectorSession, Grant, RefreshToken
from oauth.tests.builders import REDIRECT_URI, make_client, make_grant, make_session
from oauth.tests.protocol import (
    FORM,
    authorize_path,
    basic,
    decide,
    exchange_code,
    nothing_written,
    post_form,
    read_answer,
    refresh,
)
from oauth.tokens import digest
from oauth.views.token import token

pytestmark = pytest.mark.django_db

REFUSED = "oauth.token.refused"
RESOURCE = "http://localhost:8000/mcp"
SECRET = "dxs_" + "s" * 43


def make_confidential_client(**fields: Any) -> Client:
    """A client whose secret is SECRET."""
    defaults: dict[str, Any] = {"client_type": Client.CLIENT_CONFIDENTIAL, "client_secret": SECRET}
    return make_client(**defaults | fields)


def assert_error(response: Any, error: str, status: int = 400) -> dict[str, str]:
    """A JSON error that nobody keeps (RFC 6749 §5.2)."""
    answer: dict[str, str] = response.json()
    assert (response.status_code, answer["error"]) == (status, error)
    assert response["Content-Type"].startswith("application/json")
    assert response["Cache-Control"] == "no-store"
    assert "access_token" not in answer
    return answer


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
    assert_error(response, "invalid_grant")
    assert session.end_reason == ConnectorSession.EndReason.CODE_REPLAYED
    with pytest.raises(InvalidToken):
        resolve_bearer_token(tokens["access_token"], resource=RESOURCE)
    entries = AuditEntry.objects.order_by("created_at").values_list("action", "reason")
    assert list(entries) == [
        ("oauth.session.connected", ""),
        ("oauth.session.ended", "code_replayed"),
        (REFUSED, "CodeReplayed"),
    ]
    assert_error(refresh(browser, grant.application, tokens["refresh_token"]), "invalid_grant")


def test_a_code_replayed_a_third_time_changes_nothing_more(browser: Browser) -> None:
    grant, code = make_grant()
    exchange_code(browser, grant.application, code)
    exchange_code(browser, grant.application, code)

    with nothing_written(REFUSED):
        response = exchange_code(browser, grant.application, code)

    assert_error(response, "invalid_grant")


def test_a_code_replayed_without_its_verifier_ends_the_session_too(browser: Browser) -> None:
    grant, code = make_grant()
    exchange_code(browser, grant.application, code)

    response = exchange_code(browser, grant.application, code, code_verifier="x" * 43)

    assert_error(response, "invalid_grant")
    assert ConnectorSession.objects.get().ended_at is not None


def test_another_client_can_neither_use_a_code_nor_end_its_session(browser: Browser) -> None:
    grant, code = make_grant()
    exchange_code(browser, grant.application, code)
    stranger = make_client()

    with nothing_written(REFUSED):
        response = exchange_code(browser, stranger, code)

    assert_error(response, "invalid_grant")


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

    assert_error(wrong, error)
    assert right.status_code == 200


def test_the_challenge_itself_is_no_verifier(browser: Browser) -> None:
    """What anybody reads in the browser's address bar is not enough: `plain` is not spoken here (RFC 7636 §7.2)."""
    grant, code = make_grant()

    with nothing_written(REFUSED):
        response = exchange_code(browser, grant.application, code, code_verifier=grant.code_challenge)

    assert_error(response, "invalid_grant")


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

    assert_error(response, "invalid_grant")


def test_an_expired_code_is_refused(browser: Browser) -> None:
    grant, code = make_grant(expires=timezone.now())

    with nothing_written(REFUSED):
        response = exchange_code(browser, grant.application, code)

    assert_error(response, "invalid_grant")


def test_a_code_of_an_ended_session_is_refused(browser: Browser) -> None:
    session = make_session(connected_at=None, ended_at=timezone.now(), end_reason=ConnectorSession.EndReason.USER)
    grant, code = make_grant(session)

    with nothing_written(REFUSED):
        response = exchange_code(browser, grant.application, code)

    assert_error(response, "invalid_grant")


def test_a_code_of_an_inactive_person_is_refused(browser: Browser) -> None:
    grant, code = make_grant()
    User.objects.update(is_active=False)

    with nothing_written(REFUSED):
        response = exchange_code(browser, grant.application, code)

    assert_error(response, "invalid_grant")


def test_the_digest_of_a_code_is_no_code(browser: Browser) -> None:
    """Whoever reads the database cannot trade what is in it."""
    grant, _ = make_grant()

    with nothing_written(REFUSED):
        response = exchange_code(browser, grant.application, grant.code)

    assert_error(response, "invalid_grant")


# --- Clients ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("client_id", [None, "", "dxc_unknown", "x" * 5000, "https://a.example/client.json"])
def test_an_unknown_client_is_401_invalid_client(browser: Browser, client_id: str | None) -> None:
    """Not 400: that is how a connector learns to register again (connectors, rule 7)."""
    _, code = make_grant()

    with nothing_written(REFUSED):
        response = exchange_code(browser, Client(), code, client_id=client_id)

    assert_error(response, "invalid_client", 401)


def test_a_blocked_client_is_401_invalid_client(browser: Browser) -> None:
    grant, code = make_grant()
    Client.objects.update(blocked_at=timezone.now())

    with nothing_written(REFUSED):
        response = exchange_code(browser, grant.application, code)

    assert_error(response, "invalid_client", 401)


def test_a_confidential_client_proves_itself_in_the_header(browser: Browser) -> None:
    grant, code = make_grant(make_session(client=make_confidential_client(), connected_at=None))
    headers = basic(grant.application.client_id, SECRET)

    response = exchange_code(browser, grant.application, code, client_id=None, headers=headers)

    assert response.status_code == 200


def test_a_confidential_client_proves_itself_in_the_body(browser: Browser) -> None:
    grant, code = make_grant(make_session(client=make_confidential_client(), connected_at=None))

    response = exchange_code(browser, grant.application, code, client_secret=SECRET)

    assert response.status_code == 200


def test_a_generated_secret_costs_one_digest_and_no_password_hashing(browser: Browser, settings: Any) -> None:
    """Connectors §3, hole 15."""
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.Argon2PasswordHasher",
        "oauth.hashers.GeneratedSecretHasher",
    ]
    client = make_confidential_client()

    assert client.client_secret == f"generated_secret${hashlib.sha256(SECRET.encode()).hexdigest()}"


@pytest.mark.parametrize("secret", [None, "", "wrong", SECRET + "x", "ä"])
@pytest.mark.parametrize("where", ["header", "body"])
def test_a_wrong_secret_is_401_invalid_client(browser: Browser, secret: str | None, where: str) -> None:
    grant, code = make_grant(make_session(client=make_confidential_client(), connected_at=None))
    client = grant.application

    with nothing_written(REFUSED):
        if where == "header":
            response = exchange_code(browser, client, code, headers=basic(client.client_id, secret or ""))
        else:
            response = exchange_code(browser, client, code, client_secret=secret)

    assert_error(response, "invalid_client", 401)
    # A client that tried HTTP Basic is answered in kind (RFC 6749 §5.2).
    assert response["WWW-Authenticate"].startswith("Basic " if where == "header" else "Bearer ")


@pytest.mark.parametrize("secret", ["", "x"])
def test_a_client_whose_secret_is_empty_cannot_prove_itself(browser: Browser, secret: str) -> None:
    client = make_confidential_client(client_secret="")
    Client.objects.update(client_secret="")
    _, code = make_grant(make_session(client=client, connected_at=None))

    with nothing_written(REFUSED):
        response = exchange_code(browser, client, code, headers=basic(client.client_id, secret))

    assert_error(response, "invalid_client", 401)


def test_the_stored_digest_is_no_secret(browser: Browser) -> None:
    client = make_confidential_client()
    _, code = make_grant(make_session(client=client, connected_at=None))

    with nothing_written(REFUSED):
        response = exchange_code(browser, client, code, client_secret=client.client_secret)

    assert_error(response, "invalid_client", 401)


@pytest.mark.parametrize("where", ["header", "body"])
def test_a_public_client_that_sends_a_secret_is_refused(browser: Browser, where: str) -> None:
    grant, code = make_grant()
    client = grant.application

    with nothing_written(REFUSED):
        if where == "header":
            response = exchange_code(browser, client, code, headers=basic(client.client_id, "secret"))
        else:
            response = exchange_code(browser, client, code, client_secret="secret")

    assert_error(response, "invalid_client", 401)


def test_credentials_of_one_client_do_not_speak_for_another(browser: Browser) -> None:
    grant, code = make_grant()
    other = make_confidential_client()

    with nothing_written(REFUSED):
        response = exchange_code(browser, grant.application, code, headers=basic(other.client_id, SECRET))

    assert_error(response, "invalid_client", 401)


@pytest.mark.parametrize(
    "value",
    ["Basic", "Basic ", "Basic !!!", "Basic \xe4", "Basic /////w==", "Basic AAAA", "Basic eA==", "Basic eAB4OgA="],
)
def test_a_malformed_authorization_header_is_no_outage(browser: Browser, value: str) -> None:
    """Not base64, not ASCII, not UTF-8, without a colon, with a NUL in the client id."""
    _, code = make_grant()

    with nothing_written(REFUSED):
        response = exchange_code(browser, Client(), code, client_id=None, headers={"Authorization": value})

    assert_error(response, "invalid_client", 401)


# --- Grant types ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "grant_type",
    [
        "password",
        "client_credentials",
        "implicit",
        "urn:ietf:params:oauth:grant-type:device_code",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "urn:ietf:params:oauth:grant-type:token-exchange",
        "openid",
        "AUTHORIZATION_CODE",
        "x" * 1000,
    ],
)
@pytest.mark.parametrize("device_code", [None, "x"])
def test_grant_types_that_are_not_offered_are_refused(
    browser: Browser, grant_type: str, device_code: str | None
) -> None:
    make_user("ada@example.com", "correct-horse-battery")
    client = make_confidential_client()
    fields = {
        "grant_type": grant_type,
        "client_id": client.client_id,
        "client_secret": SECRET,
        "username": "ada@example.com",
        "password": "correct-horse-battery",
        "device_code": device_code,
        "scope": "identity.read",
    }

    with nothing_written(REFUSED):
        response = post_form(browser, "/mcp/token", fields)

    assert_error(response, "unsupported_grant_type")


@pytest.mark.parametrize("where", ["header", "body"])
def test_the_device_grant_does_not_let_a_public_client_pass_for_a_confidential_one(
    browser: Browser, where: str
) -> None:
    """Connectors §3, hole 5: upstream takes any public client id for proof when the body says device_code."""
    grant, code = make_grant()
    client_id = grant.application.client_id
    fields = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("code", code),
        ("client_id", client_id),
        *([("client_secret", "x")] if where == "body" else []),
    ]

    with nothing_written(REFUSED):
        response = post_form(
            browser, "/mcp/token", fields, headers=basic(client_id, "x") if where == "header" else None
        )

    assert_error(response, "unsupported_grant_type")


@pytest.mark.parametrize("grant_type", [None, ""])
def test_a_missing_grant_type_is_refused(browser: Browser, grant_type: str | None) -> None:
    grant, code = make_grant()

    with nothing_written(REFUSED):
        response = exchange_code(browser, grant.application, code, grant_type=grant_type)

    assert_error(response, "invalid_request")


# --- Bodies -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "multipart/form-data; boundary=x", ""])
def test_a_body_that_is_no_form_is_refused(browser: Browser, content_type: str) -> None:
    grant, code = make_grant()
    body = json.dumps({"grant_type": "authorization_code", "code": code, "client_id": grant.application.client_id})

    with nothing_written(REFUSED):
        response = browser.post("/mcp/token", body, content_type=content_type)

    assert_error(response, "invalid_request")


@pytest.mark.parametrize(
    "name", ["grant_type", "code", "client_id", "client_secret", "redirect_uri", "code_verifier", "refresh_token", "x"]
)
def test_a_repeated_parameter_is_refused(browser: Browser, name: str) -> None:
    """RFC 6749 §3.2."""
    grant, code = make_grant()
    fields = {
        "grant_type": "authorization_code",
        "code": code,
        "client_id": grant.application.client_id,
        "redirect_uri": REDIRECT_URI,
    }
    repeated = [*fields.items(), (name, fields.get(name, "1")), (name, "2")]

    with nothing_written(REFUSED):
        response = post_form(browser, "/mcp/token", repeated)

    assert_error(response, "invalid_request")


def test_resource_may_be_repeated_and_each_must_be_ours(browser: Browser) -> None:
    """RFC 8707 §2."""
    grant, code = make_grant()
    fields = {
        "grant_type": "authorization_code",
        "code": code,
        "client_id": grant.application.client_id,
        "redirect_uri": REDIRECT_URI,
        "code_verifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        "resource": RESOURCE,
    }

    with nothing_written(REFUSED):
        other = post_form(browser, "/mcp/token", [("resource", "https://other.example"), *fields.items()])
    ours = post_form(browser, "/mcp/token", [("resource", RESOURCE + "/"), *fields.items()])

    assert_error(other, "invalid_target")
    assert ours.status_code == 200
    assert AccessToken.objects.get().resource == [RESOURCE]


@pytest.mark.parametrize("query", ["grant_type=authorization_code", "x", "%zz", "code=x&client_id=y"])
def test_parameters_in_the_url_are_refused(browser: Browser, query: str) -> None:
    """They would end up in logs."""
    grant, code = make_grant()
    fields = {"grant_type": "authorization_code", "code": code, "client_id": grant.application.client_id}

    with nothing_written(REFUSED):
        response = post_form(browser, f"/mcp/token?{query}", fields)

    assert_error(response, "invalid_request")


@pytest.mark.parametrize("name", ["grant_type", "code", "client_id", "refresh_token", "redirect_uri", "a\x00b"])
def test_a_nul_is_refused(browser: Browser, name: str) -> None:
    fields = {"grant_type": "authorization_code", "client_id": "x", name: "a\x00b"}

    with nothing_written(REFUSED):
        response = post_form(browser, "/mcp/token", fields)

    assert_error(response, "invalid_request")


@pytest.mark.parametrize("size", [64 * 1024 + 1, 3 * 1024 * 1024])
def test_a_body_over_64_kib_is_refused_unread(browser: Browser, size: int) -> None:
    with nothing_written():
        response = post_form(browser, "/mcp/token", {"grant_type": "x" * size})

    assert_error(response, "invalid_request", 413)


def test_a_chunked_body_over_64_kib_is_refused_as_well() -> None:
    """It has no Content-Length to look at."""
    headers = [(b"content-type", FORM.encode()), (b"transfer-encoding", b"chunked")]
    scope = {"type": "http", "method": "POST", "path": "/mcp/token", "query_string": b"", "headers": headers}
    request = ASGIRequest(scope, BytesIO(b"grant_type=" + b"x" * 64 * 1024))

    with nothing_written():
        response = token(request)

    assert response.status_code == 413


@pytest.mark.parametrize("length", ["junk", "1e9"])
def test_a_content_length_that_is_no_number_is_no_outage(browser: Browser, length: str) -> None:
    with nothing_written():
        response = post_form(browser, "/mcp/token", {"grant_type": "password"}, CONTENT_LENGTH=length)

    assert_error(response, "invalid_request")


def test_a_form_of_another_charset_is_refused(browser: Browser) -> None:
    content_type = "application/x-www-form-urlencoded; charset=utf-16"

    with nothing_written():
        response = browser.post("/mcp/token", b"grant_type=x", content_type=content_type)

    assert_error(response, "invalid_request")


def test_a_form_with_thousands_of_fields_is_refused(browser: Browser) -> None:
    with nothing_written():
        response = post_form(browser, "/mcp/token", [("x", "")] * 2000)

    assert_error(response, "invalid_request")


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_only_post_is_answered_and_in_json(browser: Browser, method: str) -> None:
    with nothing_written():
        response = browser.generic(method, "/mcp/token")

    assert response.status_code == 405
    assert response["Allow"] == "POST, OPTIONS"
    assert response["Content-Type"] == "application/json"


def test_a_page_of_any_origin_may_trade_its_code(browser: Browser) -> None:
    """MCP Inspector runs in a browser (connectors §3, hole 7)."""
    grant, code = make_grant()
    asked = {"Origin": "http://localhost:6274", "Access-Control-Request-Headers": "authorization"}

    preflight = browser.options("/mcp/token", headers=asked)
    response = exchange_code(browser, grant.application, code, headers={"Origin": "http://localhost:6274"})
    refused = exchange_code(browser, grant.application, code, headers={"Origin": "http://localhost:6274"})

    assert preflight.status_code == 204
    assert preflight["Access-Control-Allow-Headers"] == "authorization"
    for answer in (preflight, response, refused):
        assert answer["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in answer


# --- Outages ----------------------------------------------------------------------------------------------------------


def test_a_database_that_is_away_is_503_and_never_invalid_client(browser: Browser) -> None:
    def broken(*args: Any) -> None:
        raise OperationalError("server closed the connection unexpectedly")

    grant, code = make_grant()

    with connection.execute_wrapper(broken):
        response = exchange_code(browser, grant.application, code)

    assert_error(response, "temporarily_unavailable", 503)
    assert int(response["Retry-After"]) > 0
    assert exchange_code(browser, grant.application, code).status_code == 200


def test_a_crash_is_500_in_json(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(request: HttpRequest, *, reason: str) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("oauth.views.token._audit_refusal", crash)

    response = post_form(browser, "/mcp/token", {"grant_type": "password"})

    answer = assert_error(response, "server_error", 500)
    assert "secret detail" not in answer["error_description"]
