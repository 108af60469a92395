"""What the person at the terminal sees. On anything but a terminal: plain lines, and no animation."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

FRAME_SECONDS = 0.1
# How often a waiting command says so where it cannot animate, such as in a log.
LINE_SECONDS = 60.0


@dataclass(frozen=True)
class Screen:
    """Writes with `write`, which shows text at once and as it is; animates only where `is_terminal`."""

    write: Callable[[str], object]
    is_terminal: bool

    def line(self, text: str = "") -> None:
        """One line."""
        self.write(f"{text}\n")

    def heading(self, text: str) -> None:
        """A line that stands out."""
        self.line()
        self.line(self._bold(text))

    def code(self, code: str) -> None:
        """A code, so that nobody can miss it."""
        inner = f"    {code}    "
        frame = f"    +{'-' * len(inner)}+"
        empty = f"    |{' ' * len(inner)}|"
        self.line()
        for row in (frame, empty, f"    |{self._bold(inner)}|", empty, frame):
            self.line(row)
        self.line()

    @asynccontextmanager
    async def waiting(self, text: str, *, seconds: float) -> AsyncIterator[None]:
        """Show that we wait, and for how much longer, while the block runs."""
        task = asyncio.create_task(self._show_waiting(text, deadline=time.monotonic() + seconds))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])
            if self.is_terminal:
                self.write("\r\x1b[K")

    async def _show_waiting(self, text: str, *, deadline: float) -> None:
        for frame in itertools.cycle("|/-\\"):
            left = max(0, round(deadline - time.monotonic()))
            remaining = f"{left // 60}:{left % 60:02} left"
            if self.is_terminal:
                self.write(f"\r\x1b[K{frame} {text} ({remaining})")
            else:
                self.line(f"{text} ({remaining})")
            await asyncio.sleep(FRAME_SECONDS if self.is_terminal else LINE_SECONDS)

    def _bold(self, text: str) -> str:
        return f"\x1b[1m{text}\x1b[0m" if self.is_terminal else text
