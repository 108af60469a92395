"""What `/mcp` says to good and bad messages (MCP 2025-03-26 to 2026-07-28, basic/transports; JSON-RPC 2.0)."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from mcp_bridge.batches import MAX_MESSAGES
from mcp_bridge.tests.running import MODERN, RunningSite, request_headers, rpc, tool_call
from oauth.tests.builders import make_access_token, make_session

TOOLS = [
    "auth_info",
    "check_dexter_account_link",
    "get_linked_dexter_account",
    "generate_dexter_linking_code",
    "unlink_dexter_account",
    "redeem_dexter_linking_code",
    "get_dexter_profile",
]
HANDSHAKES = ["2025-03-26", "2025-06-18", "2025-11-25"]


@pytest.fixture
def token(site: RunningSite) -> str:
    return make_access_token()[1]


@pytest.mark.parametrize("version", HANDSHAKES)
def test_initialize_agrees_on_the_revision_that_the_client_asks_for(
    site: RunningSite, token: str, version: str
) -> None:
    hello = {"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    message = {"jsonrpc": "2.0", "id": "a", "method": "initialize", "params": hello}
    response = site.post(token, message, protocol="2025-03-26")
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    assert "Mcp-Session-Id" not in response.headers
    result = response.json()["result"]
    assert result["protocolVersion"] == version
    assert result["serverInfo"]["name"] == "dexter"
    assert "auth_info" in result["instructions"]


def test_initialize_with_an_unknown_revision_offers_one_that_we_speak(site: RunningSite, token: str) -> None:
    hello = {"protocolVersion": "1999-01-01", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    message = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello}
    assert site.post(token, message, protocol="2025-03-26").json()["result"]["protocolVersion"] == "2025-11-25"


def test_discover_names_the_revision_without_a_handshake(site: RunningSite, token: str) -> None:
    result = site.post(token, rpc("server/discover", MODERN), protocol=MODERN).json()["result"]
    assert result["supportedVersions"] == [MODERN]
    assert result["capabilities"]["tools"] == {"listChanged": False}


def test_tools_are_listed_in_the_order_of_the_design_with_what_clients_need(
    site: RunningSite, token: str, any_protocol: str
) -> None:
    tools = site.post(token, rpc("tools/list", any_protocol), protocol=any_protocol).json()["result"]["tools"]
    assert [tool["name"] for tool in tools] == TOOLS
    for tool in tools:
        assert tool["title"]
        assert len(tool["description"]) > 40
        assert tool["inputSchema"]["type"] == "object"
        assert set(tool["annotations"]) == {
            "title", "readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint",
        }  # fmt: skip
        if any_protocol != "2025-03-26":
            assert tool["outputSchema"]["type"] == "object"
    scopes = [tool["_meta"]["securitySchemes"] for tool in tools]
    needed = [["identity.read"]] * 3 + [["link.write"]] * 3 + [["identity.read", "profile", "email"]]
    assert scopes == [[{"type": "oauth2", "scopes": scopes}] for scopes in needed]
    assert [tool["name"] for tool in tools if tool["_meta"].get("openai/profile")] == ["get_dexter_profile"]
    hints = [(tool["annotations"]["readOnlyHint"], tool["annotations"]["destructiveHint"]) for tool in tools]
    assert hints == [(True, False)] * 3 + [(False, False), (False, True), (False, False), (True, False)]
    assert not any(tool["annotations"]["openWorldHint"] for tool in tools)


@pytest.mark.parametrize("path", ["/mcp", "/mcp/"])
def test_both_spellings_of_the_path_answer_without_a_redirect(
    site: RunningSite, token: str, any_protocol: str, path: str
) -> None:
    response = site.post(token, rpc("tools/list", any_protocol), path=path, protocol=any_protocol)
    assert response.status_code == 200
    assert response.json()["id"] == 1


@pytest.mark.parametrize("path", ["/mcp//", "/mcp/x", "/MCP", "/mcpx"])
def test_other_paths_are_not_the_endpoint(site: RunningSite, token: str, path: str) -> None:
    assert site.post(token, rpc("tools/list"), path=path).status_code == 404


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"nonsense", b"\xff\xfe\x00", b'{"jsonrpc": "2.0", "id": 1, "method": "tools/list"', b"[" * 100_000],
)
def test_broken_json_is_a_parse_error(site: RunningSite, token: str, protocol: str, body: bytes) -> None:
    response = site.post(token, content=body, protocol=protocol)
    assert response.status_code == 400
    assert response.json()["error"]["code"] == -32700
    assert response.json()["id"] is None


@pytest.mark.parametrize(
    "message",
    [
        1,
        "tools/list",
        {},
        {"id": 1, "method": "tools/list"},
        {"jsonrpc": "1.0", "id": 1, "method": "tools/list"},
        {"jsonrpc": "2.0", "id": 1, "method": 7},
        {"jsonrpc": "2.0", "id": {"a": 1}, "method": "tools/list"},
        {"jsonrpc": "2.0", "id": None, "method": "tools/list"},
        {"jsonrpc": "2.0", "id": True, "method": "tools/list"},
        {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": [1]},
        [],
    ],
)
def test_json_that_is_no_message_is_refused(site: RunningSite, token: str, protocol: str, message: Any) -> None:
    response = site.post(token, message, protocol=protocol, headers={"Mcp-Method": "tools/list"})
    assert response.status_code == 400
    assert response.json()["error"]["code"] in (-32600, -32602)


def test_an_unknown_method_is_method_not_found(site: RunningSite, token: str, protocol: str) -> None:
    response = site.post(token, rpc("no/such/method", protocol), protocol=protocol)
    assert response.status_code == (404 if protocol == MODERN else 200)
    assert response.json()["error"]["code"] == -32601


def test_an_unknown_tool_is_invalid_params(site: RunningSite, token: str, protocol: str) -> None:
    response = site.post(token, tool_call("no_such_tool", protocol), protocol=protocol)
    assert response.json()["error"] == {"code": -32602, "message": "Unknown tool"}


def test_an_unknown_prompt_is_invalid_params_and_no_crash(
    site: RunningSite, token: str, protocol: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Anybody with a token may ask for one; the SDK logs an error for it, with the name that was sent."""
    name = "no-such-prompt\n2026-01-01 forged line"
    headers = {"Mcp-Method": "prompts/get", "Mcp-Name": "x"} if protocol == MODERN else {}
    message = rpc("prompts/get", protocol, name=name if protocol != MODERN else "x")

    with caplog.at_level(logging.WARNING):
        response = site.request("POST", "/mcp", headers=request_headers(token, protocol) | headers, json=message)

    assert response.json()["error"] == {"code": -32602, "message": "Unknown prompt"}
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


@pytest.mark.parametrize("params", [{}, {"name": 7}, {"name": "auth_info", "arguments": [1]}, {"name": None}])
def test_a_call_without_a_proper_name_is_invalid_params(
    site: RunningSite, token: str, protocol: str, params: dict[str, Any]
) -> None:
    message = rpc("tools/call", protocol, **params)
    headers = {"Mcp-Method": "tools/call", "Mcp-Name": str(params.get("name"))} if protocol == MODERN else {}
    response = site.request("POST", "/mcp", headers=request_headers(token, protocol) | headers, json=message)
    assert response.json()["error"]["code"] in (-32602, -32020)
    assert "Traceback" not in response.text


@pytest.mark.parametrize("version", ["1999-01-01", "2027-01-01", "latest", ""])
def test_an_unknown_protocol_version_is_refused_with_those_that_exist(
    site: RunningSite, token: str, version: str
) -> None:
    message = rpc("tools/list", MODERN)
    message["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"] = version
    headers = {"MCP-Protocol-Version": version, "Mcp-Method": "tools/list"}
    response = site.post(token, message, headers=headers)
    assert response.status_code == 400
    error = response.json()["error"]
    assert error["code"] == -32022
    assert MODERN in error["data"]["supported"]


def test_a_header_that_disagrees_with_the_body_is_refused(site: RunningSite, token: str) -> None:
    headers = {"Mcp-Name": "auth_info"}
    message = tool_call("unlink_dexter_account", MODERN, confirm=True)
    response = site.post(token, message, protocol=MODERN, headers=headers)
    assert response.status_code == 400
    assert response.json()["error"]["code"] == -32020


@pytest.mark.parametrize("padding", [" ", "\t  "])
def test_white_space_around_a_header_is_no_part_of_it(site: RunningSite, token: str, padding: str) -> None:
    headers = request_headers(token, MODERN) | {"Mcp-Method": "tools/call", "Mcp-Name": "auth_info"}
    padded = {name: f"{padding}{value}{padding}" for name, value in headers.items()}
    response = site.request("POST", json=tool_call("auth_info", MODERN), headers=padded)
    assert response.status_code == 200
    assert "result" in response.json()


@pytest.mark.parametrize("accept", ["text/html", "text/event-stream", "image/png", ""])
def test_an_answer_that_the_client_cannot_read_is_406(
    site: RunningSite, token: str, protocol: str, accept: str
) -> None:
    response = site.post(token, rpc("tools/list", protocol), protocol=protocol, headers={"Accept": accept})
    assert response.status_code == 406


@pytest.mark.parametrize("accept", ["application/json", "application/json, text/event-stream", "*/*", "application/*"])
def test_json_is_what_every_client_gets(site: RunningSite, token: str, protocol: str, accept: str) -> None:
    response = site.post(token, rpc("tools/list", protocol), protocol=protocol, headers={"Accept": accept})
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_another_content_type_is_refused(site: RunningSite, token: str, protocol: str, content_type: str) -> None:
    headers = {"Content-Type": content_type}
    response = site.post(token, rpc("tools/list", protocol), protocol=protocol, headers=headers)
    assert response.status_code in (400, 415)


def test_a_notification_is_accepted_without_an_answer(site: RunningSite, token: str, any_protocol: str) -> None:
    message = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    response = site.post(token, message, protocol=any_protocol)
    assert response.status_code == 202
    assert response.content == b""


def test_a_session_id_that_somebody_remembers_does_not_matter(site: RunningSite, token: str, protocol: str) -> None:
    headers = {"Mcp-Session-Id": "from-before-the-deployment"}
    assert site.post(token, rpc("tools/list", protocol), protocol=protocol, headers=headers).status_code == 200


def test_a_stream_of_changes_is_not_offered(site: RunningSite, token: str) -> None:
    response = site.post(token, rpc("subscriptions/listen", MODERN, notifications={}), protocol=MODERN)
    assert response.status_code == 404
    assert response.json()["error"]["code"] == -32601


def test_a_batch_of_2025_03_26_is_answered_in_its_order(site: RunningSite) -> None:
    session = make_session()
    token = make_access_token(session)[1]
    batch = [
        {**rpc("tools/list"), "id": "first"},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {**tool_call("auth_info"), "id": 2},
        {**rpc("no/such/method"), "id": 3},
        "nonsense",
        {**rpc("initialize"), "id": 4},
    ]
    response = site.post(token, batch, protocol="2025-03-26")
    assert response.status_code == 200
    answers = response.json()
    assert [answer["id"] for answer in answers] == ["first", 2, 3, None, 4]
    assert answers[1]["result"]["structuredContent"]["session_id"] == str(session.pk)
    assert answers[2]["error"]["code"] == -32601
    assert answers[4]["error"]["code"] == -32600


def test_a_batch_without_requests_is_accepted(site: RunningSite, token: str) -> None:
    batch = [{"jsonrpc": "2.0", "method": "notifications/initialized"}] * 2
    response = site.post(token, batch, protocol="2025-03-26")
    assert response.status_code == 202
    assert response.content == b""


def test_a_batch_may_not_be_endless(site: RunningSite, token: str) -> None:
    response = site.post(token, [rpc("tools/list")] * (MAX_MESSAGES + 1), protocol="2025-03-26")
    assert response.status_code == 400
    assert response.json()["error"]["code"] == -32600


@pytest.mark.parametrize("version", ["2025-06-18", "2025-11-25", MODERN])
def test_later_revisions_have_no_batches(site: RunningSite, token: str, version: str) -> None:
    response = site.post(token, [rpc("tools/list", version)], protocol=version, headers={"Mcp-Method": "tools/list"})
    assert response.status_code == 400
    assert response.json()["error"]["code"] in (-32600, -32602)
