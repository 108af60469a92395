"""What the gate asks of a request besides its token: host, method, size; and what it logs (MCP basic/transports)."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import settings

from mcp_bridge.bookkeeping import flush
from mcp_bridge.server import MAX_BODY_SIZE
from mcp_bridge.tests.refusals import assert_refused
from mcp_bridge.tests.running import MODERN, ORIGIN, RunningSite, request_headers, rpc, tool_call, until
from oauth.models import ConnectorSession
from oauth.tests.builders import make_access_token, make_client, make_session


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
