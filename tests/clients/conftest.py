"""The journeys' people, and a site whose access tokens expire while a test waits."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.journeys.conftest import anyio_backend, chromium, database, migrated, people, shared_site
from tests.journeys.databases import Database
from tests.journeys.server import Site, open_site

__all__ = ["anyio_backend", "chromium", "database", "migrated", "people", "shared_site"]

# The shortest life that the settings allow. On a slow machine a client may have to refresh more often than it is asked
# to, so tests look at what a refresh is for, and do not count refreshes.
ACCESS_TOKEN_SECONDS = 5


@pytest.fixture(scope="module")
async def site(anyio_backend: str, database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """A site whose access tokens expire soon."""
    settings = {"DEXTER_ACCESS_TOKEN_SECONDS": str(ACCESS_TOKEN_SECONDS)}
    async with open_site(database, tmp_path_factory.mktemp("logs"), settings=settings) as site:
        yield site
