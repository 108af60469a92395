"""The scopes that a call needs (RFC 6750 §3.1; MCP 2025-11-25, step-up authorization)."""

from __future__ import annotations

import pytest

from mcp_bridge import gate
from mcp_bridge.tests.refusals import METADATA, written
from mcp_bridge.tests.running import RunningSite, rpc, tool_call
from oauth.tests.builders import make_access_token, make_session


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
