"""The terminal's MCP client, piece by piece: tokens, screen, errors, and command line."""

from __future__ import annotations

import asyncio
import json
import stat
from collections.abc import Callable, Coroutine
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from django.core.management import CommandError, call_command
from mcp.client.auth.exceptions import OAuthRegistrationError
from mcp.shared.auth import OAuthClientInformationFull, OAuthToken
from mcp.shared.exceptions import MCPError

from mcp_bridge.connector import Options
from mcp_bridge.connector.errors import ConnectorError, NotAnMCPServer, ServerUnreachable, SignInRefused, TookTooLong
from mcp_bridge.connector.flow import _explain, _with_scope
from mcp_bridge.connector.screen import Screen
from mcp_bridge.connector.tokens import FileTokens, MemoryTokens
from mcp_bridge.management.commands import connector

URL = "http://localhost:8000/mcp"


TOKENS = OAuthToken(access_token="dxa_secret", refresh_token="dxr_secret", expires_in=3600)
CLIENT = OAuthClientInformationFull(client_id="dxc_1")


def keep(storage: MemoryTokens) -> None:
    async def run() -> None:
        await storage.set_client_info(CLIENT)
        await storage.set_tokens(TOKENS)

    asyncio.run(run())


def kept(storage: MemoryTokens) -> tuple[OAuthToken | None, OAuthClientInformationFull | None]:
    async def run() -> tuple[OAuthToken | None, OAuthClientInformationFull | None]:
        return await storage.get_tokens(), await storage.get_client_info()

    return asyncio.run(run())


def test_tokens_in_memory_touch_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    storage = MemoryTokens()
    keep(storage)
    assert kept(storage) == (TOKENS, CLIENT)
    assert list(tmp_path.iterdir()) == []


def test_tokens_in_a_file_are_for_their_owner_and_their_server_only(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    path.touch(0o644)
    storage = FileTokens(path, server_url=URL)
    keep(storage)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [item.name for item in tmp_path.iterdir()] == ["tokens.json"]
    again = FileTokens(path, server_url=URL)
    assert kept(again) == (TOKENS, CLIENT)
    assert again.expires_at == storage.expires_at
    assert kept(FileTokens(path, server_url="https://other.example/mcp")) == (None, None)


@pytest.mark.parametrize("content", ["", "nonsense", "[]", "{}", '{"server_url": "http://localhost:8000/mcp"}'])
def test_a_file_that_is_no_token_file_means_a_new_sign_in(tmp_path: Path, content: str) -> None:
    path = tmp_path / "tokens.json"
    path.write_text(content)
    assert kept(FileTokens(path, server_url=URL)) == (None, None)


def shown(is_terminal: bool, act: Callable[[Screen], Coroutine[Any, Any, None]]) -> str:
    output = StringIO()
    asyncio.run(act(Screen(write=output.write, is_terminal=is_terminal)))
    return output.getvalue()


async def wait_a_little(screen: Screen) -> None:
    async with screen.waiting("Waiting for you", seconds=90):
        await asyncio.sleep(0.25)
    screen.line("Done.")


def test_a_terminal_shows_a_countdown_and_clears_it() -> None:
    output = shown(True, wait_a_little)
    assert output.startswith("\r\x1b[K| Waiting for you (1:30 left)")
    assert output.count("Waiting for you") >= 2
    assert output.endswith("\r\x1b[KDone.\n")


def test_a_pipe_gets_plain_lines() -> None:
    assert shown(False, wait_a_little) == "Waiting for you (1:30 left)\nDone.\n"


@pytest.mark.parametrize("is_terminal", [True, False])
def test_the_code_stands_alone_in_one_piece(is_terminal: bool) -> None:
    async def show(screen: Screen) -> None:
        screen.code("ABC-DEF")

    output = shown(is_terminal, show)
    assert output.count("ABC-DEF") == 1
    assert ("\x1b" in output) is is_terminal


def test_waiting_ends_with_what_ended_it() -> None:
    async def fail(screen: Screen) -> None:
        async with screen.waiting("Waiting", seconds=5):
            raise TookTooLong("too long")

    with pytest.raises(TookTooLong):
        shown(True, fail)


@pytest.mark.parametrize(
    ("error", "kind", "exit_code"),
    [
        (httpx2.ConnectError("refused"), ServerUnreachable, 3),
        (httpx2.ReadTimeout("slow"), ServerUnreachable, 3),
        (httpx2.RemoteProtocolError("closed"), ServerUnreachable, 3),
        (MCPError(code=-32603, message="Server returned an error response"), NotAnMCPServer, 4),
        (OAuthRegistrationError("Registration failed: 404"), SignInRefused, 5),
        (SignInRefused("You chose not to connect."), SignInRefused, 5),
        (TookTooLong("Nobody came."), TookTooLong, 6),
    ],
)
@pytest.mark.parametrize("depth", [0, 1, 3])
def test_every_failure_has_words_and_an_exit_code(
    error: Exception, kind: type[ConnectorError], exit_code: int, depth: int
) -> None:
    for _ in range(depth):
        error = ExceptionGroup("unhandled errors in a TaskGroup", [error])
    explained = _explain(error, URL)
    assert type(explained) is kind
    assert isinstance(explained, ConnectorError)
    assert explained.exit_code == exit_code
    assert str(explained)


def test_a_bug_stays_a_bug() -> None:
    error = ExceptionGroup("group", [KeyError("bug")])
    assert _explain(error, URL) is error


def test_the_scope_of_the_first_sign_in_can_be_chosen() -> None:
    url = "http://localhost:8000/mcp/authorize?client_id=a&scope=identity.read+link.write&state=s"
    query = parse_qs(urlsplit(_with_scope(url, "identity.read")).query)
    assert query == {"client_id": ["a"], "state": ["s"], "scope": ["identity.read"]}


def options_of(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Options:
    """What the command line means."""
    seen: list[Options] = []

    async def remember(options: Options, screen: Screen) -> None:
        seen.append(options)

    monkeypatch.setattr(connector, "run_connector", remember)
    call_command("connector", *arguments)
    return seen[0]


def test_the_command_line_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert options_of(monkeypatch) == Options(url=URL, arguments={})


def test_the_command_line_in_full(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    arguments = ["https://example.com/mcp", "--call", "auth_info", "--arguments", '{"a": 1}', "--no-browser"]
    arguments += ["--protocol", "2025-11-25", "--scope", "identity.read", "--timeout", "5"]
    arguments += ["--store", str(tmp_path / "tokens.json")]
    assert options_of(monkeypatch, *arguments) == Options(
        url="https://example.com/mcp",
        protocol="2025-11-25",
        scope="identity.read",
        open_browser=False,
        timeout=5,
        store=tmp_path / "tokens.json",
        call="auth_info",
        arguments={"a": 1},
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ["not-a-url"],
        ["--arguments", "{}"],
        ["--call", "a", "--arguments", "[1]"],
        ["--call", "a", "--arguments", "{"],
    ],
)
def test_a_wrong_command_line_is_exit_code_2(arguments: list[str]) -> None:
    with pytest.raises(CommandError) as refusal:
        call_command("connector", *arguments)
    assert refusal.value.returncode == 2


def test_an_interrupt_is_exit_code_130(monkeypatch: pytest.MonkeyPatch) -> None:
    async def interrupt(options: Options, screen: Screen) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(connector, "run_connector", interrupt)
    with pytest.raises(CommandError, match="Interrupted") as stop:
        call_command("connector")
    assert stop.value.returncode == 130


def test_nothing_at_the_url_is_exit_code_3() -> None:
    output = StringIO()
    with pytest.raises(CommandError, match="Is the server running") as failure:
        call_command("connector", "http://127.0.0.1:9/mcp", "--no-browser", stdout=output)
    assert failure.value.returncode == 3


def test_the_command_says_what_it_prints_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    async def show(options: Options, screen: Screen) -> None:
        screen.line(json.dumps({"ok": True}))

    monkeypatch.setattr(connector, "run_connector", show)
    output = StringIO()
    call_command("connector", stdout=output)
    assert output.getvalue() == '{"ok": true}\n'
