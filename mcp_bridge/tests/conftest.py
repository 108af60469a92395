"""Fixtures of the MCP server's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mcp_bridge.tests.running import PROTOCOLS, RunningSite, running_site


@pytest.fixture
def site(transactional_db: None) -> Iterator[RunningSite]:
    """The running site. Its database threads see only what is committed, so tests that use it commit."""
    with running_site() as site:
        yield site


@pytest.fixture(params=PROTOCOLS)
def protocol(request: pytest.FixtureRequest) -> str:
    """Every protocol revision that the server speaks."""
    return str(request.param)
