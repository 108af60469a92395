"""Another origin on this machine: an attacker's page, or the address that an assistant's answers go to."""

from __future__ import annotations

import asyncio
import contextlib
import html
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field

from tests.journeys.listening import html_response, listening


@dataclass
class Elsewhere:
    """Serves `page` at every path, and remembers what it was asked for."""

    url: str
    page: str = "<h1>Elsewhere</h1>"
    asked_for: list[str] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        head = await reader.readuntil(b"\r\n\r\n")
        self.asked_for.append(head.split(b" ")[1].decode())
        writer.write(html_response(f"<title>Elsewhere</title>{self.page}"))
        await writer.drain()


@contextlib.asynccontextmanager
async def elsewhere() -> AsyncIterator[Elsewhere]:
    """Another port is another origin, yet the same site: browsers send a `SameSite=Lax` cookie from there."""
    other = Elsewhere("")
    async with listening(other.serve) as port:
        other.url = f"http://127.0.0.1:{port}"
        yield other


def self_posting_form(action: str, fields: Iterable[tuple[str, str]]) -> str:
    """A page that posts a form as soon as somebody looks at it."""
    inputs = "".join(
        f'<input type="hidden" name="{html.escape(name)}" value="{html.escape(value)}">' for name, value in fields
    )
    return (
        f'<form method="post" action="{html.escape(action)}">{inputs}</form><script>document.forms[0].submit()</script>'
    )
