"""Lighthouse on the pages that most people meet: accessibility and best practices 100, performance 95 or more.

Performance is the median of three runs. Two runs on one side of the limit decide it, so the third is often not needed;
a median below the limit is measured once more, because other tests have the same cores.
"""

from __future__ import annotations

import anyio
import pytest

from tests.pages.lighthouse import run_lighthouse
from tests.pages.site import Pages, Visit

pytestmark = [pytest.mark.once, pytest.mark.journey, pytest.mark.anyio]

FAST = 95
NAMES = ["home", "link", "consent-signed-out", "consent-signed-in", "account"]


@pytest.mark.parametrize("name", NAMES)
async def test_lighthouse_finds_nothing_and_it_is_fast(name: str, pages: Pages) -> None:
    visit = pages.visit(name)

    report = await anyio.to_thread.run_sync(run_lighthouse, visit, "performance", "accessibility", "best-practices")
    first, second = [report.scores["performance"]], list[int]()
    is_fast = await median_is_fast(visit, first) or await median_is_fast(visit, second)

    assert (report.scores["accessibility"], report.scores["best-practices"]) == (100, 100), report.failed
    assert is_fast, f"performance {first}, then {second}"


async def median_is_fast(visit: Visit, measured: list[int]) -> bool:
    """Whether the median of three runs reaches the limit, adding to those that were measured already."""
    while True:
        fast = sum(score >= FAST for score in measured)
        if max(fast, len(measured) - fast) >= 2:
            return fast >= 2
        report = await anyio.to_thread.run_sync(run_lighthouse, visit, "performance")
        measured.append(report.scores["performance"])
