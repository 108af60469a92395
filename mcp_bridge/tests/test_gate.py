"""The gate in front of the MCP server (RFC 6750, RFC 9728 §5.1; MCP 2025-11-25, basic/authorization)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import OperationalError
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import User
from accounts.tests.builders import make_guest, make_user
from mcp_bridge import gate
from mcp_bridge.tests.refusals import METADATA, assert_refused, written
from mcp_bridge.tests.running import RunningSite, request_headers, rpc, tool_call
from oauth.models import ConnectorSession
from oauth.tests.builders import make_access_token, make_session


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
