"""The site whose pages are looked at: as deployed, with https and compressed files, and visitors in every state."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.journeys.certificates import make_certificate
from tests.journeys.databases import PROJECT, Database
from tests.journeys.server import Site, open_site
from tests.pages.catalogue import Page

APPLICATION = "tests.pages.application:application"


@dataclass(frozen=True)
class Visit:
    """Where a visitor goes, and the cookies of the browser that they come with."""

    url: str
    cookies: dict[str, str]


@dataclass(frozen=True)
class Pages:
    """A site with a visitor for every page."""

    site: Site
    _visits: dict[str, Any]

    def visit(self, page: Page | str, purpose: str) -> Visit:
        """The visitor of a page; each is there for one purpose, because looking may use a state up."""
        name = page if isinstance(page, str) else page.name
        visit = self._visits[f"{name} {purpose}"]
        return Visit(self.site.url + visit["path"], visit["cookies"])


@contextlib.asynccontextmanager
async def open_pages(database: Database, directory: Path, *, names: Iterable[str] = ()) -> AsyncIterator[Pages]:
    """Serve `database`, and seed the states of the pages with these names, or of all.

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
    async with open_site(
        database,
        directory,
        application=APPLICATION,
        origin="https://localhost",
        certificate=certificate,
        settings=settings,
    ) as site:
        output = directory / f"visits-{site.server.port}.json"
        _run(["-m", "tests.pages.seeding", str(output), *names], site.server.environment)
        yield Pages(site, json.loads(output.read_text()))


def _collect_static_files(settings: dict[str, str]) -> None:
    environment = {**os.environ, **settings, "DJANGO_SETTINGS_MODULE": "tests.pages.settings"}
    _run(["manage.py", "collectstatic", "--no-input", "--verbosity=0"], environment)


def _run(arguments: list[str], environment: dict[str, str]) -> None:
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
