"""Fixtures of the MCP server's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mcp_bridge.tests.running import MODERN, PROTOCOLS, RunningSite, running_site


@pytest.fixture
def site(transactional_db: None) -> Iterator[RunningSite]:
    """The running site. Its database threads see only what is committed, so tests that use it commit."""
    with running_site() as site:
        yield site


@pytest.fixture(params=["2025-11-25", MODERN])
def protocol(request: pytest.FixtureRequest) -> str:
    """One revision of each era: with a handshake, and with an envelope on each request."""
    return str(request.param)


@pytest.fixture(params=PROTOCOLS)
def any_protocol(request: pytest.FixtureRequest) -> str:
    """Every protocol revision that the server speaks."""
    return str(request.param)
