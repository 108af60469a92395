"""The gate in front of the MCP server (RFC 6750, RFC 9728 §5.1; MCP 2025-11-25, basic/authorization)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import OperationalError
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import AuditEntry, User
from accounts.tests.builders import make_guest, make_user
from mcp_bridge import gate
from mcp_bridge.bookkeeping import flush
from mcp_bridge.server import MAX_BODY_SIZE
from mcp_bridge.tests.running import MODERN, ORIGIN, RunningSite, request_headers, rpc, tool_call, until
from oauth.models import ConnectorSession
from oauth.tests.builders import make_access_token, make_client, make_session

METADATA = 'resource_metadata="http://localhost:8000/.well-known/oauth-protected-resource/mcp"'
SCOPE = 'scope="identity.read link.write"'


def written() -> tuple[int, int, list[Any]]:
    """What a refused request must not change."""
    sessions = list(ConnectorSession.objects.order_by("pk").values_list("pk", "last_used_at", "ended_at"))
    return AuditEntry.objects.count(), User.objects.count(), sessions


def assert_refused(response: Any, *, error: str | None) -> None:
    """A 401 with the complete challenge, and nothing about why."""
    assert response.status_code == 401
    challenge = response.headers["WWW-Authenticate"]
    assert challenge.startswith("Bearer ")
    assert METADATA in challenge
    assert SCOPE in challenge
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    if error is None:
        assert "error" not in challenge
    else:
        assert f'error="{error}"' in challenge
        assert response.json()["error"] == error
        assert f'error_description="{response.json()["error_description"]}"' in challenge


@pytest.mark.parametrize("path", ["/mcp", "/mcp/"])
@pytest.mark.parametrize("method", ["POST", "GET", "DELETE", "PUT", "PATCH", "HEAD"])
def test_no_token_is_401_without_an_error_code(site: RunningSite, method: str, path: str) -> None:
    response = site.request(method, path)
    if method == "HEAD":
        assert response.status_code == 401
        assert METADATA in response.headers["WWW-Authenticate"]
        return
    assert_refused(response, error=None)


def test_the_scheme_is_read_in_any_case(site: RunningSite, any_protocol: str) -> None:
    token = make_access_token()[1]
    for scheme in ("Bearer", "bearer", "BEARER"):
        headers = {"Authorization": f"{scheme} {token}"}
        response = site.post(None, tool_call("auth_info", any_protocol), protocol=any_protocol, headers=headers)
        assert response.status_code == 200, response.text


@pytest.mark.parametrize("value", ["Basic YTpi", "", "dxa_token-without-a-scheme", "Token abc"])
def test_other_credentials_are_no_token(site: RunningSite, value: str) -> None:
    assert_refused(site.post(None, rpc("tools/list"), headers={"Authorization": value}), error=None)


@pytest.mark.parametrize(
    "value",
    ["Bearer", "Bearer ", "Bearer a b", "Bearer a,b", 'Bearer "a"', "Bearer " + "a" * 4000, "Bearer dxa_unknown"],
)
def test_junk_after_bearer_is_an_invalid_token(site: RunningSite, value: str) -> None:
    before = written()
    assert_refused(site.post(None, rpc("tools/list"), headers={"Authorization": value}), error="invalid_token")
    assert written() == before


def test_two_authorization_headers_are_refused_whatever_they_say(site: RunningSite) -> None:
    token = make_access_token()[1]
    headers = [*request_headers(token).items(), ("Authorization", f"Bearer {token}")]
    assert_refused(site.request("POST", "/mcp", headers=headers, json=rpc("tools/list")), error="invalid_token")


def end_session(session: ConnectorSession) -> dict[str, Any]:
    ConnectorSession.objects.filter(pk=session.pk).update(
        ended_at=timezone.now(), end_reason=ConnectorSession.EndReason.USER
    )
    return {}


def outlive_session(session: ConnectorSession) -> dict[str, Any]:
    ConnectorSession.objects.filter(pk=session.pk).update(expires_at=timezone.now())
    return {}


def block_client(session: ConnectorSession) -> dict[str, Any]:
    type(session.client).objects.filter(pk=session.client_id).update(blocked_at=timezone.now())
    return {}


def deactivate_user(session: ConnectorSession) -> dict[str, Any]:
    User.objects.filter(pk=session.user_id).update(is_active=False)
    return {}


DEAD_TOKENS: dict[str, Callable[[ConnectorSession], dict[str, Any]]] = {
    "for another resource": lambda session: {"resource": ["https://other.example/mcp"]},
    "for a path below the resource": lambda session: {"resource": [f"{settings.DEXTER_RESOURCE}/other"]},
    "for no resource": lambda session: {"resource": []},
    "expired": lambda session: {"expires": timezone.now() - timedelta(seconds=1)},
    "session ended": end_session,
    "session outlived": outlive_session,
    "client blocked": block_client,
    "user inactive": deactivate_user,
}


@pytest.mark.parametrize("kill", DEAD_TOKENS.values(), ids=DEAD_TOKENS.keys())
def test_a_dead_token_is_401_with_a_complete_challenge_and_writes_nothing(
    site: RunningSite, protocol: str, kill: Callable[[ConnectorSession], dict[str, Any]]
) -> None:
    session = make_session()
    token = make_access_token(session, **kill(session))[1]
    before = written()

    response = site.post(token, tool_call("generate_dexter_linking_code", protocol), protocol=protocol)

    assert_refused(response, error="invalid_token")
    assert token not in response.text + str(response.headers)
    assert written() == before


def test_the_next_call_after_the_session_ended_is_401(site: RunningSite, any_protocol: str) -> None:
    session = make_session()
    token = make_access_token(session)[1]
    assert site.call_tool(token, "auth_info", any_protocol)["structuredContent"]["session_id"] == str(session.pk)
    end_session(session)
    assert_refused(site.post(token, tool_call("auth_info", any_protocol), protocol=any_protocol), error="invalid_token")


def test_nothing_but_the_header_is_a_token(site: RunningSite) -> None:
    token = make_access_token()[1]
    for path in (f"/mcp?access_token={token}", f"/mcp?token={token}"):
        assert_refused(site.post(None, rpc("tools/list"), path=path), error=None)
    body = {**rpc("tools/list"), "access_token": token}
    assert_refused(site.post(None, body), error=None)
    for name in ("X-Access-Token", "Proxy-Authorization", "X-Authorization", "Mcp-Session-Id"):
        assert_refused(site.post(None, rpc("tools/list"), headers={name: f"Bearer {token}"}), error=None)


def test_a_signed_in_browser_session_is_nobody_here(site: RunningSite) -> None:
    browser = Browser()
    browser.force_login(make_user(), backend=settings.AUTHENTICATION_BACKENDS[0])
    cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in browser.cookies.items())
    assert settings.SESSION_COOKIE_NAME in cookies
    assert_refused(site.post(None, rpc("tools/list"), headers={"Cookie": cookies}), error=None)


IDENTITY_HEADERS = (
    "X-User-Sub",
    "X-User",
    "X-Forwarded-User",
    "X-Remote-User",
    "Remote-User",
    "X-Subject",
    "X-User-Id",
)


IDENTITY_ARGUMENTS = ("__sub", "sub", "subject", "user", "user_id", "principal", "sdk_context")


def test_identity_headers_are_nobody_either(site: RunningSite) -> None:
    victim = make_user()
    headers = dict.fromkeys(IDENTITY_HEADERS, victim.subject)
    assert_refused(site.post(None, rpc("tools/list"), headers=headers), error=None)


def test_identity_headers_and_arguments_do_not_change_who_calls(site: RunningSite, protocol: str) -> None:
    victim, guest = make_user(), make_guest()
    token = make_access_token(make_session(guest))[1]
    message = tool_call("auth_info", protocol, **dict.fromkeys(IDENTITY_ARGUMENTS, victim.subject))

    response = site.post(token, message, protocol=protocol, headers=dict.fromkeys(IDENTITY_HEADERS, victim.subject))

    info = response.json()["result"]["structuredContent"]
    assert info["subject"] == guest.subject
    assert info["account"] is None


@pytest.mark.parametrize("failure", [OperationalError("connection refused")])
def test_a_database_that_is_away_is_503_and_never_401(
    site: RunningSite, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    def fail(token: str, *, resource: str) -> None:
        raise failure

    monkeypatch.setattr(gate, "resolve_bearer_token", fail)
    response = site.post("dxa_anything", rpc("tools/list"))
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "5"
    assert response.json()["error"] == "temporarily_unavailable"
    assert "connection refused" not in response.text
    assert "WWW-Authenticate" not in response.headers


def test_a_crash_in_the_gate_is_a_500_that_tells_nothing(site: RunningSite, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(token: str, *, resource: str) -> None:
        raise RuntimeError("the secret cause")

    monkeypatch.setattr(gate, "resolve_bearer_token", crash)
    response = site.post("dxa_anything", rpc("tools/list"))
    assert response.status_code == 500
    assert response.json()["error"] == "server_error"
    assert "secret" not in response.text


def test_a_missing_scope_is_403_with_every_scope_to_ask_for(site: RunningSite, protocol: str) -> None:
    token = make_access_token(make_session(scope="identity.read openid"))[1]
    before = written()

    response = site.post(token, tool_call("generate_dexter_linking_code", protocol), protocol=protocol)

    assert response.status_code == 403
    challenge = response.headers["WWW-Authenticate"]
    assert 'error="insufficient_scope"' in challenge
    assert 'scope="identity.read link.write openid"' in challenge
    assert METADATA in challenge
    assert response.json()["error"] == "insufficient_scope"
    assert written()[:2] == before[:2]


def test_a_batch_needs_the_scopes_of_all_its_calls(site: RunningSite) -> None:
    token = make_access_token(make_session(scope="identity.read"))[1]
    batch = [tool_call("auth_info"), tool_call("unlink_dexter_account", confirm=True)]
    assert site.post(token, batch, protocol="2025-03-26").status_code == 403


def test_what_needs_no_scope_works_with_any_token(site: RunningSite, protocol: str) -> None:
    token = make_access_token(make_session(scope="openid"))[1]
    assert site.post(token, rpc("tools/list", protocol), protocol=protocol).status_code == 200


def test_a_call_that_the_gate_did_not_see_is_refused_by_the_tool_itself(
    site: RunningSite, protocol: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "read_calls", lambda decoded: [])
    token = make_access_token(make_session(scope="identity.read"))[1]
    before = written()

    result = site.call_tool(token, "generate_dexter_linking_code", protocol)

    assert result["isError"] is True
    assert result["_meta"]["dexter/error"]["code"] == "insufficient_scope"
    (challenge,) = result["_meta"]["mcp/www_authenticate"]
    assert METADATA in challenge
    assert written()[:2] == before[:2]


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "", "localhost@evil.example", "169.254.169.254"]
)
def test_another_host_name_is_421(site: RunningSite, host: str) -> None:
    token = make_access_token()[1]
    response = site.post(token, rpc("tools/list"), headers={"Host": host})
    assert response.status_code == 421
    assert response.json()["error"] == "invalid_host"


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1:8123", "[::1]:8000", "LOCALHOST"])
def test_every_name_of_this_site_is_answered(site: RunningSite, host: str) -> None:
    token = make_access_token()[1]
    assert site.post(token, rpc("tools/list"), headers={"Host": host}).status_code == 200


def test_the_challenge_does_not_depend_on_the_host(site: RunningSite) -> None:
    headers = {"Host": "127.0.0.1:9999", "X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}
    response = site.post(None, rpc("tools/list"), headers=headers)
    assert_refused(response, error=None)
    assert "evil" not in str(response.headers)


@pytest.mark.parametrize("path", ["/mcp", "/mcp/"])
def test_options_needs_no_token(site: RunningSite, path: str) -> None:
    headers = {"Origin": "http://localhost:6274", "Access-Control-Request-Method": "POST"}
    response = site.request("OPTIONS", path, headers=headers)
    assert response.status_code == 204
    assert response.headers["Allow"] == "POST, OPTIONS"


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT", "PATCH"])
def test_there_is_no_stream_to_open_and_no_session_to_end(site: RunningSite, protocol: str, method: str) -> None:
    token = make_access_token()[1]
    headers = request_headers(token, protocol) | {"Mcp-Session-Id": "0123456789"}
    response = site.request(method, "/mcp", headers=headers)
    assert response.status_code == 405
    assert response.headers["Allow"] == "POST, OPTIONS"
    assert response.json()["error"]["code"] == -32600


def test_a_body_over_the_limit_is_413(site: RunningSite, protocol: str) -> None:
    token = make_access_token()[1]
    response = site.post(token, content=b" " * (MAX_BODY_SIZE + 1), protocol=protocol)
    assert response.status_code == 413
    assert response.json()["error"]["message"] == "Body too large: the limit is 1048576 bytes"


def test_a_body_that_does_not_say_how_long_it_is_has_the_same_limit(site: RunningSite) -> None:
    token = make_access_token()[1]
    chunks = [b" " * 65536] * 17

    async def post() -> int:
        async def stream() -> Any:
            for chunk in chunks:
                yield chunk

        response = await site.http.post("/mcp", headers=request_headers(token), content=stream())
        return response.status_code

    assert site.run(post) == 413


def test_a_body_at_the_limit_is_answered(site: RunningSite, protocol: str) -> None:
    token = make_access_token()[1]
    message = tool_call("auth_info", protocol, padding="")
    message["params"]["arguments"]["padding"] = "a" * (MAX_BODY_SIZE - 600)
    assert site.post(token, message, protocol=protocol).status_code == 200


def test_a_token_is_asked_for_before_a_body_is_read(site: RunningSite) -> None:
    assert_refused(site.post(None, content=b" " * (MAX_BODY_SIZE + 1)), error=None)


def test_use_of_a_session_is_noted_once_a_minute(site: RunningSite) -> None:
    session = make_session(last_used_at=None)
    token = make_access_token(session)[1]

    def last_used_at() -> datetime | None:
        site.run(flush)
        session.refresh_from_db()
        return session.last_used_at

    site.call_tool(token, "auth_info")
    first = until(last_used_at)
    assert first is not None
    site.call_tool(token, "auth_info")
    assert last_used_at() == first

    ConnectorSession.objects.filter(pk=session.pk).update(last_used_at=first - timedelta(minutes=2))
    site.call_tool(token, "auth_info")
    until(lambda: (last_used_at() or first) > first)


def test_every_request_is_one_log_line_with_ids_and_no_values(
    site: RunningSite, protocol: str, caplog: pytest.LogCaptureFixture
) -> None:
    session = make_session(client=make_client(client_id="dxc_logged"))
    token = make_access_token(session)[1]
    with caplog.at_level(logging.INFO):
        site.post(
            token,
            tool_call("auth_info", protocol, secret="s3cret"),
            protocol=protocol,
            headers={"X-Request-ID": "request-12345"},
        )
    (line,) = [record.msg for record in caplog.records if record.name == "mcp_bridge.gate"]
    assert isinstance(line, dict)
    assert line["event"] == "mcp.request"
    assert line["http_method"] == "POST"
    assert (line["method"], line["tool"], line["status"]) == ("tools/call", "auth_info", 200)
    assert (line["session_id"], line["client_id"]) == (str(session.pk), "dxc_logged")
    assert line["request_id"] == "request-12345"
    assert line["duration_ms"] >= 0
    assert token not in caplog.text
    assert "s3cret" not in caplog.text


def test_what_a_client_made_up_stays_out_of_the_log(site: RunningSite, caplog: pytest.LogCaptureFixture) -> None:
    token = make_access_token()[1]
    with caplog.at_level(logging.INFO):
        site.post(token, tool_call("forged\nline"))
        site.post(token, rpc("forged\nmethod"))
    lines = [record.msg for record in caplog.records if record.name == "mcp_bridge.gate"]
    assert [(line["method"], line["tool"]) for line in lines] == [("tools/call", "unknown"), ("invalid", None)]  # type: ignore[index]
    assert "forged" not in caplog.text


def test_any_origin_may_call_with_a_token_and_gains_nothing_without(site: RunningSite) -> None:
    token = make_access_token()[1]
    headers = {"Origin": "https://evil.example"}
    assert_refused(site.post(None, rpc("tools/list"), headers=headers), error=None)
    response = site.post(token, rpc("tools/list", MODERN), protocol=MODERN, headers=headers)
    assert response.status_code == 200
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in response.headers


def test_a_preflight_is_answered_without_a_token_and_lets_the_headers_of_mcp_in(site: RunningSite) -> None:
    asked = "authorization, content-type, mcp-protocol-version, mcp-param-name, x-user-sub"
    headers = {"Origin": "http://localhost:6274", "Access-Control-Request-Headers": asked}

    response = site.request("OPTIONS", "/mcp", headers={**headers, "Access-Control-Request-Method": "POST"})

    allowed = response.headers["Access-Control-Allow-Headers"].split(", ")
    assert response.status_code == 204
    assert allowed == ["authorization", "content-type", "mcp-protocol-version", "mcp-param-name"]
    assert "WWW-Authenticate" in response.headers["Access-Control-Expose-Headers"]


def test_the_origin_of_the_tests_is_the_public_one() -> None:
    assert f"{ORIGIN}/mcp" == settings.DEXTER_RESOURCE
