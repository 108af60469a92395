"""The loopback redirect of the terminal's MCP client (RFC 8252 §7.3)."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from mcp.shared.auth import AuthorizationCodeResult

from mcp_bridge.connector.errors import SignInRefused, TookTooLong
from mcp_bridge.connector.loopback import LoopbackRedirect

URL = "http://localhost:8000/mcp"


def visit(*queries: str, state: str = "expected", timeout: float = 5) -> tuple[Any, list[httpx2.Response]]:
    """What `wait` gives when a browser comes back with these queries, and what the browser sees."""

    async def run() -> tuple[Any, list[httpx2.Response]]:
        async with LoopbackRedirect() as loopback, httpx2.AsyncClient() as browser:
            waiting = asyncio.create_task(loopback.wait(state=state, timeout=timeout))
            await asyncio.sleep(0)
            pages = [await browser.get(f"{loopback.redirect_uri}?{query}") for query in queries]
            (outcome,) = await asyncio.gather(waiting, return_exceptions=True)
            return outcome, pages

    return asyncio.run(run())


def test_the_redirect_is_on_loopback_with_a_port_of_its_own() -> None:
    async def uris() -> list[str]:
        async with LoopbackRedirect() as first, LoopbackRedirect() as second:
            return [first.redirect_uri, second.redirect_uri]

    one, other = asyncio.run(uris())
    assert one != other
    assert urlsplit(one).hostname == urlsplit(other).hostname == "127.0.0.1"


def test_the_answer_comes_back_with_code_state_and_issuer() -> None:
    outcome, (page,) = visit("code=abc&state=expected&iss=http%3A%2F%2Flocalhost%3A8000%2Fmcp")
    assert outcome == AuthorizationCodeResult(code="abc", state="expected", iss=URL)
    assert page.status_code == 200
    assert "You can close this tab" in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert "abc" not in page.text


def test_a_denial_is_told_politely() -> None:
    outcome, (page,) = visit("error=access_denied&state=expected")
    assert isinstance(outcome, SignInRefused)
    assert "You chose not to connect" in str(outcome)
    assert "You can close this tab" in page.text


def test_another_error_is_told_with_its_description_and_without_its_markup() -> None:
    outcome, (page,) = visit("error=invalid_scope&error_description=%3Cscript%3Eno%3C%2Fscript%3E&state=expected")
    assert str(outcome) == "The server refused the sign-in: <script>no</script>"
    assert "<script>" not in page.text


def test_an_answer_to_another_sign_in_does_not_end_this_one() -> None:
    outcome, pages = visit("code=forged&state=other", "error=access_denied", "code=abc&state=expected")
    assert outcome.code == "abc"
    assert [page.status_code for page in pages] == [400, 400, 200]


def test_only_the_first_answer_counts() -> None:
    outcome, pages = visit("code=abc&state=expected", "code=def&state=expected")
    assert outcome.code == "abc"
    assert [page.status_code for page in pages] == [200, 400]


def test_nobody_comes_back() -> None:
    outcome, _ = visit(timeout=0.05)
    assert isinstance(outcome, TookTooLong)


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"POST /callback?code=a&state=expected HTTP/1.1\r\n\r\n",
        b"GET /favicon.ico HTTP/1.1\r\n\r\n",
        b"nonsense\r\n\r\n",
    ],
)
def test_anything_else_is_not_found(request_bytes: bytes) -> None:
    async def run() -> bytes:
        async with LoopbackRedirect() as loopback:
            port = urlsplit(loopback.redirect_uri).port
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(request_bytes)
            answer = await reader.read()
            writer.close()
            await writer.wait_closed()
            return answer

    assert asyncio.run(run()).startswith(b"HTTP/1.1 404")
