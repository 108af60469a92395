"""What is kept of each call over `/mcp` (design §4, §9): who called which tool, when, for whom, and how it ended."""

from __future__ import annotations

import logging
import threading
from datetime import timedelta
from typing import Any

import anyio
import pytest
from django.db import OperationalError
from django.utils import timezone
from mcp.shared.exceptions import MCPError

from accounts.tests.builders import make_guest, make_user
from linking.tests.builders import make_link
from mcp_bridge import bookkeeping
from mcp_bridge.errors import ToolRefused
from mcp_bridge.models import ToolCall
from mcp_bridge.tests.running import MODERN, RunningSite, rpc, running_site, tool_call, until
from mcp_bridge.tools import ToolOutput, registered_tools, registry, tool
from oauth.bearer import Principal
from oauth.models import ConnectorSession
from oauth.tests.builders import make_access_token, make_session

pytestmark = pytest.mark.django_db(transaction=True)


class Nothing(ToolOutput):
    """What test tools answer."""


class OutOfOrder(ToolRefused):
    """An error of another app, with a name that is too long to keep."""

    code = "out_of_order" * 5
    message = "Out of order."
    next_step = "None."


def misbehave(principal: Principal, how: str) -> Nothing:
    """Fail in one of many ways."""
    failures: dict[str, Exception] = {
        "refuse": OutOfOrder(),
        "crash": RuntimeError("hunter2"),
        "database": OperationalError("hunter2"),
        "protocol": MCPError(code=-32001, message="hunter2"),
    }
    raise failures[how]


@pytest.fixture
def _misbehave(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tool `misbehave` is there for the test; the site has to start afterwards."""
    registered_tools()
    monkeypatch.setattr(registry, "_tools", dict(registry._tools))
    tool(scopes=["identity.read"])(misbehave)


def kept() -> list[tuple[str, str]]:
    """Which tools were called, and how it ended, in that order."""
    return list(ToolCall.objects.order_by("called_at", "pk").values_list("tool", "outcome"))


def test_a_call_is_kept_with_who_made_it_and_for_whom(any_protocol: str) -> None:
    session = make_session(user=make_user())
    token = make_access_token(session)[1]
    before = timezone.now()

    with running_site() as site:
        message = tool_call("auth_info", any_protocol)
        site.post(token, message, protocol=any_protocol, headers={"X-Request-ID": "request-of-the-call"})

    call = ToolCall.objects.get()
    assert (call.tool, call.outcome) == ("auth_info", "ok")
    assert (call.session_id, call.client_id) == (session.pk, session.client.client_id)
    assert (call.subject, call.account) == (session.user.subject, session.user)
    assert call.request_id == "request-of-the-call"
    assert before <= call.called_at <= timezone.now()
    assert 0 <= call.duration_ms < 60_000


def test_a_guest_acts_for_nobody_before_the_link_and_for_the_account_after() -> None:
    session = make_session(user=make_guest())
    token = make_access_token(session)[1]

    with running_site() as site:
        site.call_tool(token, "auth_info")
        link = make_link(session=session)
        site.call_tool(token, "auth_info")

    assert [call.account for call in ToolCall.objects.order_by("called_at")] == [None, link.account]
    assert {call.subject for call in ToolCall.objects.all()} == {session.user.subject}


@pytest.mark.usefixtures("_misbehave")
@pytest.mark.parametrize(
    ("how", "outcome"),
    [
        ("refuse", ("out_of_order" * 5)[:40]),
        ("crash", "internal_error"),
        ("database", "temporarily_unavailable"),
        ("protocol", "protocol_error"),
    ],
)
def test_each_way_to_fail_is_kept_as_its_code(how: str, outcome: str, protocol: str) -> None:
    token = make_access_token()[1]

    with running_site() as site:
        assert site.post(token, tool_call("misbehave", protocol, how=how), protocol=protocol).status_code == 200

    assert kept() == [("misbehave", outcome)]


def test_an_error_that_an_assistant_can_act_on_and_wrong_arguments_are_kept(protocol: str) -> None:
    token = make_access_token()[1]

    with running_site() as site:
        site.call_tool(token, "get_linked_dexter_account", protocol)
        site.call_tool(token, "unlink_dexter_account", protocol, confirm="perhaps")

    assert kept() == [("get_linked_dexter_account", "not_linked"), ("unlink_dexter_account", "invalid_arguments")]


def test_a_call_without_the_scope_is_kept(any_protocol: str) -> None:
    token = make_access_token(scope="identity.read")[1]

    with running_site() as site:
        call = tool_call("generate_dexter_linking_code", any_protocol)
        assert site.post(token, call, protocol=any_protocol).status_code == 403

    assert kept() == [("generate_dexter_linking_code", "insufficient_scope")]


def test_each_call_of_a_batch_is_kept() -> None:
    token = make_access_token(scope="identity.read")[1]
    allowed, refused = ({**tool_call(name), "id": name} for name in ("auth_info", "generate_dexter_linking_code"))

    with running_site() as site:
        assert len(site.post(token, [allowed, allowed], protocol="2025-03-26").json()) == 2
        assert site.post(token, [allowed, refused], protocol="2025-03-26").status_code == 403

    assert kept() == [("auth_info", "ok")] * 2 + [("generate_dexter_linking_code", "insufficient_scope")]


def test_what_calls_no_tool_of_ours_is_not_kept(protocol: str) -> None:
    token = make_access_token()[1]

    with running_site() as site:
        site.post(token, rpc("tools/list", protocol), protocol=protocol)
        site.post(token, tool_call("forged_name", protocol), protocol=protocol)
        site.post("dxa_unknown", tool_call("auth_info", protocol), protocol=protocol)
        site.post(None, tool_call("auth_info", protocol), protocol=protocol)

    assert kept() == []


def test_nothing_secret_is_kept(protocol: str, caplog: pytest.LogCaptureFixture) -> None:
    session = make_session()
    row, token = make_access_token(session)

    with caplog.at_level(logging.INFO), running_site() as site:
        code = site.call_tool(token, "generate_dexter_linking_code", protocol)["structuredContent"]["code"]
        site.call_tool(token, "redeem_dexter_linking_code", protocol, code="ABC-234")

    rows = str(list(ToolCall.objects.values()))
    assert len(kept()) == 2
    for secret in (token, row.token_checksum, code, code.replace("-", ""), "ABC-234", "ABC234"):
        assert secret not in rows
        assert secret not in caplog.text


def test_a_client_that_goes_away_has_still_called(monkeypatch: pytest.MonkeyPatch) -> None:
    inside, leave = threading.Event(), threading.Event()

    def wait(principal: Principal) -> Nothing:
        """Take long."""
        inside.set()
        leave.wait(20)
        return Nothing()

    registered_tools()
    monkeypatch.setattr(registry, "_tools", dict(registry._tools))
    tool(scopes=["identity.read"])(wait)
    token = make_access_token()[1]

    async def call_and_leave(site: RunningSite) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lambda: post(site))
            await anyio.to_thread.run_sync(inside.wait)
            tasks.cancel_scope.cancel()
        leave.set()

    async def post(site: RunningSite) -> None:
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json, text/event-stream"}
        await site.http.post("/mcp", headers=headers, json=tool_call("wait"))

    with running_site() as site:
        site.run(call_and_leave, site)

    assert kept() == [("wait", "interrupted")]


def test_no_query_is_added_to_a_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """While the writing is held up, calls are answered as ever."""
    writing, go_on = threading.Event(), threading.Event()

    def hold_up(calls: Any) -> None:
        writing.set()
        go_on.wait(20)

    monkeypatch.setattr(bookkeeping, "FLUSH_SECONDS", 0.01)
    monkeypatch.setattr(bookkeeping, "record_tool_calls", hold_up)
    token = make_access_token()[1]

    with running_site() as site:
        site.call_tool(token, "auth_info")
        assert writing.wait(20)
        for _ in range(3):
            assert site.call_tool(token, "auth_info")["isError"] is False
        go_on.set()


def test_a_database_that_is_away_costs_rows_and_no_call(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OperationalError("no route to hunter2")

    token = make_access_token()[1]
    monkeypatch.setattr(bookkeeping, "record_tool_calls", refuse)
    monkeypatch.setattr(bookkeeping, "touch_session", refuse)

    with caplog.at_level(logging.WARNING), running_site() as site:
        assert site.call_tool(token, "auth_info")["isError"] is False
        assert site.run(bookkeeping.flush) is None
        assert site.call_tool(token, "auth_info")["isError"] is False

    assert kept() == []
    assert dropped(caplog) == 2
    assert "hunter2" not in caplog.text


def test_a_fault_of_ours_while_writing_costs_rows_and_no_call(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(bookkeeping, "FLUSH_SECONDS", 60)
    token = make_access_token()[1]
    with monkeypatch.context() as patch, running_site() as site:
        patch.setattr(bookkeeping, "record_tool_calls", None)
        site.call_tool(token, "auth_info")
        site.run(bookkeeping.flush)
        patch.undo()
        assert site.call_tool(token, "get_linked_dexter_account")["isError"] is True

    assert kept() == [("get_linked_dexter_account", "not_linked")]
    assert "mcp.bookkeeping.crashed" in caplog.text


def test_a_full_buffer_costs_rows_and_no_call(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(bookkeeping, "FLUSH_SECONDS", 60)
    monkeypatch.setattr(bookkeeping, "CAPACITY", 2)
    token = make_access_token()[1]

    with caplog.at_level(logging.WARNING), running_site() as site:
        for _ in range(5):
            assert site.call_tool(token, "auth_info")["isError"] is False

    assert kept() == [("auth_info", "ok")] * 2
    assert dropped(caplog, "buffer_full") == 3


def test_a_session_that_floods_hides_neither_others_nor_what_else_it_does(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(bookkeeping, "FLUSH_SECONDS", 60)
    monkeypatch.setattr(bookkeeping, "CAPACITY", 5)
    monkeypatch.setattr(bookkeeping, "SHARE", 3)
    flooding, other = make_session(), make_session()
    token = make_access_token(flooding)[1]

    with caplog.at_level(logging.WARNING), running_site() as site:
        for _ in range(9):
            site.call_tool(token, "auth_info")
        site.call_tool(token, "get_linked_dexter_account")
        site.call_tool(make_access_token(other)[1], "auth_info")

    assert kept() == [("auth_info", "ok")] * 3 + [("get_linked_dexter_account", "not_linked"), ("auth_info", "ok")]
    assert ToolCall.objects.filter(session_id=other.pk).count() == 1
    assert dropped(caplog, "session_floods") == 6


def dropped(caplog: pytest.LogCaptureFixture, reason: str | None = None) -> int:
    """How many rows the log says were dropped."""
    lines: list[Any] = [record.msg for record in caplog.records if record.name == "mcp_bridge.bookkeeping"]
    return sum(
        line["count"]
        for line in lines
        if line["event"] == "mcp.tool_calls.dropped" and reason in (None, line["reason"])
    )


def test_rows_are_written_while_the_site_runs() -> None:
    token = make_access_token()[1]
    with running_site() as site:
        site.call_tool(token, "auth_info")
        until(lambda: kept() == [("auth_info", "ok")])


def test_an_account_that_is_deleted_before_the_writing_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bookkeeping, "FLUSH_SECONDS", 60)
    leaver, stayer = (make_session(user=make_user(f"{name}@example.com")) for name in ("ada", "grace"))
    tokens = [make_access_token(session)[1] for session in (leaver, stayer)]

    with running_site() as site:
        for token in tokens:
            site.call_tool(token, "auth_info")
        leaver.user.delete()

    assert [call.account for call in ToolCall.objects.all()] == [stayer.user]


def test_use_of_many_requests_at_once_is_noted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[ConnectorSession] = []

    def count(*, session: ConnectorSession, used_at: Any) -> None:
        written.append(session)

    monkeypatch.setattr(bookkeeping, "FLUSH_SECONDS", 60)
    monkeypatch.setattr(bookkeeping, "touch_session", count)
    session = make_session(last_used_at=timezone.now() - timedelta(hours=1))
    token = make_access_token(session)[1]

    with running_site() as site:
        for _ in range(3):
            site.post(token, rpc("tools/list", MODERN), protocol=MODERN)

    assert written == [session]
