"""One site and one browser for all pages."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.journeys.conftest import anyio_backend, chromium, database, migrated, people
from tests.journeys.databases import Database, copy_of
from tests.pages.application import REPORT
from tests.pages.site import Pages, open_pages

__all__ = ["anyio_backend", "chromium", "database", "migrated", "people"]

# What a test of the watching itself adds to the address of the page that breaks the policy on purpose.
ON_PURPOSE = "on-purpose"


def reported_violations(pages: Pages, *, on_purpose: bool = False) -> list[str]:
    """What browsers reported about the content security policy so far."""
    logs = pages.site.logs() + pages.site_without_guests.logs()
    reports = [line.removeprefix(REPORT) for line in logs.splitlines() if line.startswith(REPORT)]
    return [each for each in reports if (ON_PURPOSE in json.loads(each)["csp-report"]["document-uri"]) == on_purpose]


@pytest.fixture(scope="session")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where logs and static files go."""
    return tmp_path_factory.mktemp("pages")


@pytest.fixture(scope="session")
async def pages(anyio_backend: str, migrated: Database, directory: Path) -> AsyncIterator[Pages]:
    """The site as deployed, with a visitor in every state; at the end no browser has reported a violation."""
    with copy_of(migrated, directory) as database:
        async with open_pages(database, directory) as pages:
            yield pages
            assert reported_violations(pages) == []
