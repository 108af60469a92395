"""The MCP server: principals, errors and what it never tells (design §8, §9)."""

from __future__ import annotations

import json
import logging
import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import anyio
import pytest
import structlog
from django.db import OperationalError, connection
from mcp.shared.exceptions import MCPError

from accounts.models import AuditEntry, User
from accounts.tests.builders import make_guest, make_user
from mcp_bridge.server import run_mcp_endpoint
from mcp_bridge.tests.running import (
    PROTOCOLS,
    RunningSite,
    request_headers,
    routing_headers,
    running_site,
    tool_call,
)
from mcp_bridge.tools import ToolOutput, registered_tools, registry, tool
from oauth.bearer import Principal
from oauth.tests.builders import make_access_token, make_session


class Echo(ToolOutput):
    """What the test tool answers."""

    text: str


@pytest.fixture
def register(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[..., ToolOutput]], None]:
    """Adds a tool for one test; the site has to start afterwards."""
    registered_tools()
    monkeypatch.setattr(registry, "_tools", dict(registry._tools))

    def add(function: Callable[..., ToolOutput]) -> None:
        tool(scopes=["identity.read"], read_only=True)(function)

    return add


@pytest.fixture
def start(transactional_db: None) -> Iterator[Callable[[], RunningSite]]:
    """Starts the site when the test says so."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(running_site())


def test_a_tool_takes_five_lines(
    register: Callable[..., None], start: Callable[[], RunningSite], protocol: str
) -> None:
    def shout(principal: Principal, text: str, times: int = 1) -> Echo:
        """Say something loudly."""
        return Echo(text=f"{principal.subject}: {text.upper() * times}")

    register(shout)
    site, guest = start(), make_guest()
    token = make_access_token(make_session(guest))[1]

    result = site.call_tool(token, "shout", protocol, text="hey", times=2)

    assert result["structuredContent"] == {"text": f"{guest.subject}: HEYHEY"}
    assert result["content"] == [{"type": "text", "text": f'{{"text":"{guest.subject}: HEYHEY"}}'}]
    assert result["isError"] is False


def test_arguments_that_do_not_fit_are_named_and_not_repeated(
    register: Callable[..., None], start: Callable[[], RunningSite], protocol: str
) -> None:
    def shout(principal: Principal, text: str, times: int = 1) -> Echo:
        """Say something loudly."""
        raise AssertionError("called with arguments that do not fit")

    register(shout)
    token = make_access_token()[1]
    result = start().call_tool(token, "shout", protocol, times="secret")
    assert result["isError"] is True
    error = result["_meta"]["dexter/error"]
    assert error["code"] == "invalid_arguments"
    assert "text: Field required" in error["message"]
    assert "times: Input should be a valid integer" in error["message"]
    assert "secret" not in str(result)


def test_a_crash_tells_nothing_but_a_reference(
    register: Callable[..., None],
    start: Callable[[], RunningSite],
    protocol: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(principal: Principal) -> Echo:
        """Break."""
        raise RuntimeError("postgresql://user:hunter2@db/secret")

    register(broken)
    token = make_access_token()[1]
    headers = {"X-Request-ID": "reference-0001"}
    with caplog.at_level(logging.INFO):
        response = start().post(token, tool_call("broken", protocol), protocol=protocol, headers=headers)
    result = response.json()["result"]
    assert result["isError"] is True
    assert result["_meta"]["dexter/error"]["code"] == "internal_error"
    assert "reference-0001" in result["content"][0]["text"]
    for word in ("hunter2", "RuntimeError", "Traceback", "broken", "postgresql"):
        assert word not in response.text
    (line,) = [record.msg for record in caplog.records if record.name == "mcp_bridge.server"]
    assert isinstance(line, dict)
    assert (line["event"], line["tool"], line["request_id"]) == ("mcp.tool.crashed", "broken", "reference-0001")


def test_an_answer_that_is_not_the_declared_one_is_a_crash(
    register: Callable[..., None], start: Callable[[], RunningSite]
) -> None:
    def confused(principal: Principal) -> Echo:
        """Answer nonsense."""
        return Echo.model_construct(text=["nonsense"])

    register(confused)
    result = start().call_tool(make_access_token()[1], "confused")
    assert result["_meta"]["dexter/error"]["code"] == "internal_error"
    assert "nonsense" not in str(result)


def test_a_database_that_goes_away_inside_a_tool_is_told_as_that(
    register: Callable[..., None], start: Callable[[], RunningSite], protocol: str
) -> None:
    def unlucky(principal: Principal) -> Echo:
        """Lose the database."""
        raise OperationalError("server closed the connection")

    register(unlucky)
    result = start().call_tool(make_access_token()[1], "unlucky", protocol)
    assert result["_meta"]["dexter/error"]["code"] == "temporarily_unavailable"
    assert "closed" not in str(result)


def test_a_tool_may_answer_a_protocol_error(register: Callable[..., None], start: Callable[[], RunningSite]) -> None:
    def refused(principal: Principal) -> Echo:
        """Refuse."""
        raise MCPError(code=-32001, message="not today")

    register(refused)
    response = start().post(make_access_token()[1], tool_call("refused"))
    assert response.json()["error"] == {"code": -32001, "message": "not today"}


def test_a_tool_works_in_the_request_it_belongs_to(
    register: Callable[..., None], start: Callable[[], RunningSite], protocol: str
) -> None:
    def where(principal: Principal) -> Echo:
        """Say where it runs."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return Echo(text=structlog.contextvars.get_contextvars()["request_id"])

    register(where)
    headers = {"X-Request-ID": "request-id-of-the-call"}
    response = start().post(make_access_token()[1], tool_call("where", protocol), protocol=protocol, headers=headers)
    assert response.json()["result"]["structuredContent"] == {"text": "request-id-of-the-call"}


def test_every_request_of_many_at_once_gets_its_own_identity(site: RunningSite) -> None:
    """Interleaved, on both protocol eras, several sessions of one person among them, each token used many times."""
    person = make_user()
    sessions = [make_session(person) for _ in range(3)] + [make_session() for _ in range(7)]
    expected = {make_access_token(session)[1]: session for session in sessions}
    work = [(token, protocol) for token in expected for protocol in PROTOCOLS for _ in range(3)]
    random.shuffle(work)
    wrong: list[Any] = []

    async def check(token: str, protocol: str) -> None:
        message = tool_call("auth_info", protocol)
        headers = request_headers(token, protocol) | routing_headers(message, protocol)
        response = await site.http.post("/mcp", headers=headers, json=message)
        info = response.json()["result"]["structuredContent"]
        session = expected[token]
        if (info["subject"], info["session_id"]) != (session.user.subject, str(session.pk)):
            wrong.append(info)

    async def together() -> None:
        async with anyio.create_task_group() as tasks:
            for token, protocol in work:
                tasks.start_soon(check, token, protocol)

    site.run(together)

    assert wrong == []


def test_the_same_token_in_many_mcp_sessions_is_one_identity(site: RunningSite, protocol: str) -> None:
    session = make_session()
    token = make_access_token(session)[1]
    for number in range(3):
        headers = {"Mcp-Session-Id": f"session-{number}"}
        response = site.post(token, tool_call("auth_info", protocol), protocol=protocol, headers=headers)
        assert response.json()["result"]["structuredContent"]["session_id"] == str(session.pk)


def test_a_request_makes_nobody_up(site: RunningSite, protocol: str) -> None:
    token = make_access_token()[1]
    before = User.objects.count(), AuditEntry.objects.count()
    site.call_tool(token, "auth_info", protocol)
    assert (User.objects.count(), AuditEntry.objects.count()) == before


def test_a_server_without_the_gate_has_no_identity_to_fall_back_to(transactional_db: None) -> None:
    message = tool_call("auth_info")

    async def call_endpoint() -> list[Any]:
        sent: list[Any] = []

        async def send(event: Any) -> None:
            sent.append(event)

        async def receive() -> Any:
            return {"type": "http.request", "body": json.dumps(message).encode(), "more_body": False}

        headers = [(k.lower().encode(), v.encode()) for k, v in request_headers("dxa_any").items()]
        scope = {"type": "http", "method": "POST", "path": "/mcp", "headers": headers, "query_string": b""}
        async with run_mcp_endpoint(registered_tools()) as endpoint:
            await endpoint(scope, receive, send)
        return sent

    sent = anyio.run(call_endpoint)
    assert b"internal_error" in sent[-1]["body"]
    assert b"structuredContent" not in sent[-1]["body"]
