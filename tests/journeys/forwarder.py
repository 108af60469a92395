"""A proxy in front of several processes that sends every request to another one than the last."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from tests.journeys.listening import listening


@dataclass(frozen=True)
class Forwarded:
    """One request, and the port of the process that got it."""

    method: str
    target: str
    port: int


@dataclass
class Alternating:
    """Forwards each request to the next of `ports`. Bodies stream through in both directions as they are."""

    ports: list[int]
    log: list[Forwarded] = field(default_factory=list)
    _next: int = 0

    @contextlib.asynccontextmanager
    async def listening_at(self, port: int) -> AsyncIterator[None]:
        """Serve on loopback while the block runs."""
        async with listening(self._serve, port=port):
            yield

    def rewritten(self, head: bytes) -> bytes:
        """What the process gets instead of a request's line and headers.

        One request for each connection: the process closes it, and nobody sends a second one.
        """
        return re.sub(rb"(?i)\r\n(?:connection|keep-alive):[^\r]*", b"", head)[:-2] + b"Connection: close\r\n\r\n"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Browsers open connections ahead of need: a process is chosen when there is a request.
        head = await reader.readuntil(b"\r\n\r\n")
        from_process, to_process = await asyncio.open_connection("127.0.0.1", self._choose(head))
        to_process.write(self.rewritten(head))
        sending = asyncio.create_task(_pump(reader, to_process))
        try:
            await _pump(from_process, writer)
        finally:
            sending.cancel()
            await asyncio.wait([sending])
            to_process.close()

    def _choose(self, head: bytes) -> int:
        method, target, _version = head.partition(b"\r\n")[0].decode("ascii").split(" ")
        port = self.ports[self._next]
        # A page and the form on it would meet in one process if the style sheet between them took a turn.
        if not target.startswith("/static/"):
            self._next = (self._next + 1) % len(self.ports)
            self.log.append(Forwarded(method, target, port))
        return port


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while chunk := await reader.read(64 * 1024):
            writer.write(chunk)
            await writer.drain()
