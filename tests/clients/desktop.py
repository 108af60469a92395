"""The machine that a client runs on, and the person in front of it."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import anyio
from playwright.async_api import expect

from tests.journeys.browser import Person
from tests.nodejs import node_environment

# Where programs on this machine wait for the browser, each in its own way (RFC 8252 §7.3).
CALLBACK = re.compile(r"http://(127\.0\.0\.1|localhost):\d+/(oauth/)?callback\?")
ELSEWHERE = re.compile(r"https?://(?!127\.0\.0\.1[:/]|localhost[:/])")
# What a program may know of the machine that the tests run on.
INHERITED = ("LANG", "LC_ALL", "TMPDIR")


@dataclass
class Desktop:
    """Programs that want a browser find one here: `person` opens what they open, and presses `button`."""

    directory: Path
    person: Person
    button: str
    opened: list[str] = field(default_factory=list)

    def environment(self, **further: str) -> dict[str, str]:
        """What a program is started with: nothing of the developer's own, neither a home nor a browser."""
        inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
        return {
            **inherited,
            "PATH": node_environment()["PATH"],
            "HOME": str(self.directory),
            "BROWSER": str(self.directory / "browser"),
            "NO_COLOR": "1",
            **further,
        }

    async def _watch(self) -> None:
        """Open what was left in the spool, one after the other, as long as the desktop is there."""
        while True:
            for path in sorted(self.directory.glob("*.url")):
                url = path.read_text()
                path.unlink()
                self.opened.append(url)
                await self._open(url)
            await anyio.sleep(0.05)

    async def _open(self, url: str) -> None:
        person = self.person
        await person.open(url)
        await person.press(self.button)
        await expect(person.page).to_have_url(CALLBACK)
        # So that the browser keeps no connection to a program that wants to end.
        await person.page.goto("about:blank")


def _install_browser(directory: Path) -> None:
    """A program that leaves the URL for whoever watches, in a file that has its name once it is whole."""
    browser = directory / "browser"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > "{directory}/$$" && mv "{directory}/$$" "{directory}/$$.url"\n')
    browser.chmod(0o755)


@contextlib.asynccontextmanager
async def open_desktop(directory: Path, person: Person, *, button: str) -> AsyncIterator[Desktop]:
    """A machine with `directory` as its home."""
    _install_browser(directory)
    desktop = Desktop(directory, person, button)
    # The programs' own pages may lack an icon, or ask for one that is far away; nothing is fetched from there.
    person.minds_other_pages = False
    await person.context.route(ELSEWHERE, lambda route: route.fulfill(status=404))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(desktop._watch)
        yield desktop
        tasks.cancel_scope.cancel()
