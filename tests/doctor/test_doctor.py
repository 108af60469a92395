"""`manage.py doctor`: all green against a good site; one check, and no other, for each thing that a proxy breaks."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from anyio.from_thread import start_blocking_portal

from mcp_bridge.doctor import Result, Site, all_checks
from tests.doctor.faults import AFTER, BEFORE
from tests.doctor.proxy import Proxy
from tests.journeys.databases import migrated_database
from tests.journeys.server import free_port, open_site

pytestmark = [pytest.mark.once, pytest.mark.journey]


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Proxy, str]]:
    """A site behind a proxy that does nothing wrong yet, and the URL of its MCP endpoint."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with (
        migrated_database(tmp_path_factory.mktemp("database")) as database,
        start_blocking_portal() as portal,
    ):
        site = open_site(database, tmp_path_factory.mktemp("doctor"), settings={"DEXTER_PUBLIC_URL": url})
        with portal.wrap_async_context_manager(site) as running:
            proxy = Proxy(f"http://127.0.0.1:{running.server.port}", port)
            with proxy.running():
                yield proxy, f"{url}/mcp"


def _failed(url: str) -> list[str]:
    with Site(url) as site:
        findings = [check.run(site) for check in all_checks()]
    return [f"{finding.name}: {finding.seen}" for finding in findings if finding.result is Result.FAILED]


def test_everything_is_green_and_soon_so(proxy: tuple[Proxy, str]) -> None:
    _, url = proxy

    started_at = time.monotonic()
    done = subprocess.run(
        [sys.executable, "manage.py", "doctor", url, "--json"], capture_output=True, text=True, check=False, timeout=60
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert {finding["result"] for finding in json.loads(done.stdout)} == {"ok"}
    # Alone it takes four seconds; here other tests have the same cores.
    assert time.monotonic() - started_at < 30


@pytest.mark.parametrize("fault", BEFORE)
def test_a_fault_on_the_way_in_is_found_by_its_check_alone(proxy: tuple[Proxy, str], fault: str) -> None:
    broken, url = proxy
    check, broken.before = BEFORE[fault]

    try:
        failed = _failed(url)
    finally:
        broken.before = None

    assert [line.partition(":")[0] for line in failed] == [check], failed


@pytest.mark.parametrize("fault", AFTER)
def test_a_fault_on_the_way_out_is_found_by_its_check_alone(proxy: tuple[Proxy, str], fault: str) -> None:
    broken, url = proxy
    check, broken.after = AFTER[fault]

    try:
        failed = _failed(url)
    finally:
        broken.after = None

    assert [line.partition(":")[0] for line in failed] == [check], failed


def test_a_site_that_does_not_answer_fails_one_check() -> None:
    failed = _failed(f"http://127.0.0.1:{free_port()}/mcp")

    assert [line.partition(":")[0] for line in failed] == ["reachable"]


def test_a_public_site_over_http_fails_for_that() -> None:
    with Site("http://dexter.example.com/mcp") as site:
        [tls] = [check for check in all_checks() if check.name == "tls"]
        assert tls.run(site).result is Result.FAILED


def test_a_failure_says_why_it_matters_and_what_to_change_and_sets_the_exit_code() -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "doctor", f"http://127.0.0.1:{free_port()}/mcp"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 1
    assert "Why:" in done.stdout
    assert "Change:" in done.stdout


def test_every_check_but_those_of_the_transport_has_a_fault_that_it_finds() -> None:
    found = {check for check, _ in [*BEFORE.values(), *AFTER.values()]}

    assert {check.name for check in all_checks()} - found == {"reachable", "tls"}
