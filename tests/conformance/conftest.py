"""The journeys' sites and people, and the site with what the suite expects of a server."""

from __future__ import annotations

from collections.abc import AsyncIterator

import anyio
import pytest

from tests.conformance.authorizing import Authorizing
from tests.conformance.rows import issue_token
from tests.journeys.conftest import anyio_backend, chromium, database, migrated, people, shared_site, site
from tests.journeys.databases import Database
from tests.journeys.server import Site, free_port, open_site

__all__ = ["anyio_backend", "chromium", "database", "migrated", "people", "shared_site", "site"]


@pytest.fixture(scope="module")
async def fixture_site(
    anyio_backend: str, database: Database, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Site]:
    """A site with the suite's tools, prompts and resources."""
    application = "tests.conformance.application:application"
    async with open_site(database, tmp_path_factory.mktemp("logs"), application=application) as site:
        yield site


@pytest.fixture(scope="module")
async def authorized_url(fixture_site: Site) -> AsyncIterator[str]:
    """Its endpoint, through a proxy that adds a guest's access token."""
    token = await anyio.to_thread.run_sync(issue_token, fixture_site.database, fixture_site.url)
    port = free_port()
    async with Authorizing([fixture_site.server.port], token=token).listening_at(port):
        yield f"http://127.0.0.1:{port}/mcp"
