"""`manage.py connector`: a newcomer sees the main job in a terminal, without owning an assistant."""

from __future__ import annotations

import asyncio
import os
import re
import sys

import anyio
import pytest

from tests.journeys.conftest import People
from tests.journeys.databases import PROJECT
from tests.journeys.server import Site

pytestmark = [pytest.mark.journey, pytest.mark.anyio]

OUTPUT_SECONDS = 60


@pytest.mark.parametrize("protocol", ["auto", "2025-11-25"])
async def test_the_terminal_shows_the_way_from_signing_in_to_the_link(
    site: Site, people: People, protocol: str
) -> None:
    guest, owner = await people.new(), await people.new_account()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        PROJECT / "manage.py",
        *("connector", site.mcp_url, "--no-browser", "--timeout=60", f"--protocol={protocol}"),
        # It knows the server by its URL only.
        env={**os.environ, "DATABASE_URL": "sqlite:////nowhere/at/all"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    terminal = Terminal(process)

    try:
        await guest.continue_without_account(await terminal.line_with(rf"{re.escape(site.url)}/mcp/authorize\S+"))
        await owner.link(await terminal.line_with(r"\b[A-Z2-9]{3}-[A-Z2-9]{3}\b"))
        await terminal.line_with("Linked")
        await terminal.line_with(re.escape(f"{owner.email[0]}***@example.com"))
        with anyio.fail_after(OUTPUT_SECONDS):
            exit_code = await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()

    assert exit_code == 0, terminal.seen


class Terminal:
    """What a command writes, line by line."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        self._output = process.stdout
        self.seen = ""

    async def line_with(self, pattern: str) -> str:
        """Wait for a line with `pattern`; gives what matched."""
        with anyio.move_on_after(OUTPUT_SECONDS):
            while line := (await self._output.readline()).decode():
                self.seen += line
                if found := re.search(pattern, line):
                    return found[0]
        raise AssertionError(f"No line with {pattern} in:\n{self.seen}")
