"""The site whose pages are looked at: as deployed, with https and compressed files, and visitors in every state."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tests.journeys.certificates import make_certificate
from tests.journeys.databases import PROJECT, Database
from tests.journeys.server import STOP_SECONDS, Site, open_site
from tests.pages.catalogue import Page

APPLICATION = "tests.pages.application:application"


@dataclass(frozen=True)
class Visit:
    """Where a visitor goes, and the cookies of the browser that they come with."""

    origin: str
    path: str
    cookies: dict[str, str]

    @property
    def url(self) -> str:
        """The address to open."""
        return self.origin + self.path


class Visitors:
    """The process that puts visitors into states (`tests.pages.seeding`)."""

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        self._log = log
        with log.open("wb") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.pages.seeding"],
                cwd=PROJECT,
                env=dict(environment),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )

    def reach(self, name: str) -> dict[str, Any]:
        """The path and the cookies of a new visitor.

        Raises:
            AssertionError: the state cannot be reached; with the reason.
        """
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(f"{name}\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, self._log.read_text(errors="replace")
        answer: dict[str, Any] = json.loads(line)
        assert "fault" not in answer, answer["fault"]
        return answer

    def stop(self) -> None:
        """No more visitors."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        self._process.wait(STOP_SECONDS)
        self._process.stdout.close()


@dataclass(frozen=True)
class Pages:
    """A site with visitors for every page. `site_without_guests` is the same with another setting."""

    site: Site
    site_without_guests: Site
    _visitors: Visitors

    def visit(self, page: Page | str) -> Visit:
        """A new visitor of a page, who has just come into its state."""
        name, site = page, self.site
        if isinstance(page, Page):
            name, site = page.name, self.site if page.guests else self.site_without_guests
        reached = self._visitors.reach(str(name))
        return Visit(site.url, reached["path"], reached["cookies"])


@contextlib.asynccontextmanager
async def open_pages(database: Database, directory: Path) -> AsyncIterator[Pages]:
    """Serve `database`, for visitors in every state.

    Everything is as real people get it, so e-mail addresses are confirmed, too.
    """
    settings = {
        "DEXTER_SITE_NAME": "Example",
        "DEXTER_CONTACT": "help@example.com",
        "DEXTER_LOG_LEVEL": "WARNING",
        "DEXTER_DEBUG": "false",
        # Whoever waits for the start asks at the address.
        "DEXTER_ALLOWED_HOSTS": "127.0.0.1",
        "DEXTER_SECRET_KEY": secrets.token_urlsafe(64),
        "PAGES_STATIC_ROOT": str(directory / "static"),
    }
    _collect_static_files({**settings, "DEXTER_PUBLIC_URL": "https://localhost"})
    certificate = make_certificate(directory / "certificate.pem", host="localhost")
    serve = partial(
        open_site, database, directory, application=APPLICATION, origin="https://localhost", certificate=certificate
    )
    async with (
        serve(settings=settings) as site,
        serve(settings={**settings, "DEXTER_GUESTS_ENABLED": "false"}) as site_without_guests,
    ):
        visitors = Visitors(site.server.environment, directory / f"visitors-{site.server.port}.log")
        try:
            yield Pages(site, site_without_guests, visitors)
        finally:
            visitors.stop()


def _collect_static_files(settings: dict[str, str]) -> None:
    environment = {**os.environ, **settings, "DJANGO_SETTINGS_MODULE": "tests.pages.settings"}
    command = [sys.executable, "manage.py", "collectstatic", "--no-input", "--verbosity=0"]
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
