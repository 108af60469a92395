"""Where the browser comes back to: a tiny HTTP server on 127.0.0.1 and a free port (RFC 8252 §7.3)."""

from __future__ import annotations

import asyncio
import html
from dataclasses import dataclass, field
from types import TracebackType
from urllib.parse import parse_qs, urlsplit

from mcp.shared.auth import AuthorizationCodeResult

from mcp_bridge.connector.errors import SignInRefused, TookTooLong

CALLBACK_PATH = "/callback"
REQUEST_SECONDS = 10

_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>{title}</title>
<body><h1>{title}</h1><p>{text}</p></body></html>
"""


@dataclass
class LoopbackRedirect:
    """Listens while its `async with` block is open, and waits for one answer at a time."""

    _server: asyncio.Server | None = None
    _port: int = 0
    _expected: dict[str, asyncio.Future[AuthorizationCodeResult]] = field(default_factory=dict)

    async def __aenter__(self) -> LoopbackRedirect:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._server is not None:
            # Not waited for: browsers keep connections open that they never use.
            self._server.close()

    @property
    def redirect_uri(self) -> str:
        """The redirect URI to register; a new port every time, which the server has to allow."""
        return f"http://127.0.0.1:{self._port}{CALLBACK_PATH}"

    async def wait(self, *, state: str, timeout: float) -> AuthorizationCodeResult:  # noqa: ASYNC109
        """The answer that carries `state`; answers with another one are none of ours.

        Raises:
            SignInRefused: it is an error (RFC 6749 §4.1.2.1).
            TookTooLong: there was none within `timeout` seconds.
        """
        answer = self._expected.setdefault(state, asyncio.get_running_loop().create_future())
        try:
            return await asyncio.wait_for(answer, timeout)
        except TimeoutError:
            raise TookTooLong(f"Nobody finished signing in within {timeout:.0f} seconds.") from None
        finally:
            del self._expected[state]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                request_line = await reader.readline()
                # A browser that is answered before it has sent its headers may report a broken connection.
                while (await reader.readline()).strip():
                    pass
                status, title, text = self._answer(request_line.decode("latin-1"))
                body = _PAGE.format(title=html.escape(title), text=html.escape(text)).encode()
                head = (
                    f"HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {len(body)}\r\n"
                    "Cache-Control: no-store\r\nContent-Security-Policy: default-src 'none'\r\n"
                    "Referrer-Policy: no-referrer\r\nConnection: close\r\n\r\n"
                )
                writer.write(head.encode() + body)
                await writer.drain()
        except (TimeoutError, OSError, ValueError):
            pass
        finally:
            writer.close()

    def _answer(self, request_line: str) -> tuple[str, str, str]:
        method, _, rest = request_line.partition(" ")
        target = urlsplit(rest.partition(" ")[0])
        if method != "GET" or target.path != CALLBACK_PATH:
            return "404 Not Found", "Nothing here", "This address only waits for the end of a sign-in."
        values = {name: values[0] for name, values in parse_qs(target.query).items()}
        answer = self._expected.get(values.get("state", ""))
        if answer is None or answer.done():
            return (
                "400 Bad Request",
                "Not what we waited for",
                "This answer belongs to another sign-in. Nothing happened.",
            )
        if "code" in values:
            answer.set_result(
                AuthorizationCodeResult(code=values["code"], state=values["state"], iss=values.get("iss"))
            )
            return "200 OK", "Done", "You can close this tab and go back to the terminal."
        answer.set_exception(SignInRefused(_refusal(values.get("error", ""), values.get("error_description", ""))))
        return "200 OK", "Not connected", "You can close this tab. The terminal says what happened."


def _refusal(error: str, description: str) -> str:
    if error == "access_denied":
        return "You chose not to connect. Nothing was connected."
    return f"The server refused the sign-in: {description or error or 'it did not say why'}"
