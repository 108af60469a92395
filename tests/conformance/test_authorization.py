"""The suite's checks of an authorization server (RFC 8414, OAuth 2.1 §4.1, RFC 9207), with both kinds of client."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest

from tests.conformance.rows import set_up_client
from tests.conformance.suite import run_suite
from tests.journeys.browser import Person
from tests.journeys.conftest import People
from tests.journeys.handshake import register
from tests.journeys.server import Site, free_port

pytestmark = [pytest.mark.once, pytest.mark.journey, pytest.mark.anyio]

SCENARIOS = {"authorization-server-metadata-endpoint", "authorization-code-grant"}


async def test_a_client_that_staff_set_up(site: Site, people: People, tmp_path: Path) -> None:
    client_id = await anyio.to_thread.run_sync(set_up_client, site.database, site.url)

    await _check(site, client_id, await people.new_account(), "Allow", port=free_port(), results=tmp_path)


async def test_a_client_that_registered_itself(site: Site, people: People, tmp_path: Path) -> None:
    port = free_port()
    registered = await register(site, f"http://127.0.0.1:{port}/callback")

    person = await people.new()
    await _check(site, registered.client_id, person, "Continue without an account", port=port, results=tmp_path)


async def _check(site: Site, client_id: str, person: Person, button: str, *, port: int, results: Path) -> None:
    """Both scenarios, every check of them; the suite waits for `person` to press `button`."""

    async def consent(line: str) -> None:
        if line.startswith(f"{site.url}/mcp/authorize?"):
            await person.open(line)
            await person.press(button)
            await person.sees("You can close this page.")
            await person.page.goto("about:blank")

    target = ["--url", site.mcp_url, "--client-id", client_id, "--resource", site.mcp_url, "--port", str(port)]
    run = await run_suite("authorization", *target, results=results, on_line=consent)
    # The suite's page has no icon, and its server is gone after the first request.
    icon = f"http://127.0.0.1:{port}/favicon.ico"
    person.complaints = [complaint for complaint in person.complaints if not complaint.startswith(icon)]

    assert run.exit_code == 0, run.output
    assert run.scenarios == SCENARIOS, run.output
    assert run.faults() == [], run.output
    # A scenario without a client would be skipped, and count as passed.
    assert {check.status for check in run.checks} == {"SUCCESS"}, run.output
