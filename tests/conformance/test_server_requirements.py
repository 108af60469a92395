"""What each revision of the protocol requires of a server (the suite's `server --requirements`)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.suite import required_scenarios, run_suite
from tests.journeys.server import Site

pytestmark = [pytest.mark.once, pytest.mark.journey, pytest.mark.anyio]

HERE = Path(__file__).parent
# The suite runs these too but does not count them yet, because its own server fails them; extensions aside.
NOT_COUNTED = {
    "2026-07-28": {"json-schema-2020-12", "http-header-validation", "http-custom-header-server-validation"},
    "2025-11-25": {"json-schema-2020-12"},
}


@pytest.mark.parametrize("revision", ["2026-07-28", "2025-11-25"])
async def test_what_a_revision_requires_passes_or_is_explained(
    authorized_url: str, revision: str, tmp_path: Path
) -> None:
    required = required_scenarios(revision)
    baseline = HERE / f"expected-failures.{revision}.yml"
    target = ["--url", authorized_url, "--requirements", revision, "--expected-failures", str(baseline)]

    run = await run_suite("server", *target, results=tmp_path)

    # The suite fails on a fault that is not in the baseline, and on an entry there that is not a fault.
    assert run.exit_code == 0, run.output
    assert required
    assert required <= run.scenarios, run.output
    uncounted = NOT_COUNTED[revision]
    assert uncounted <= run.scenarios, run.output
    assert [fault for fault in run.faults() if fault.scenario in uncounted] == []


async def test_nothing_passes_without_a_token(fixture_site: Site, tmp_path: Path) -> None:
    run = await run_suite("server", "--url", fixture_site.mcp_url, "--scenario", "tools-list", results=tmp_path)

    assert run.exit_code != 0, run.output
    assert [check.status for check in run.checks if check.check_id == "tools-list"] == ["FAILURE"]
    assert "unauthorized" in run.output.lower()
