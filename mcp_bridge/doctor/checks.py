"""The checks: each looks at one thing, says why it matters and what to change, and fails for that thing alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mcp_bridge.doctor.site import Failed, Finding, Result, Site, Skipped

Look = Callable[[Site], str]


@dataclass(frozen=True)
class Check:
    """One check. `look` returns what it saw, or raises `Failed` or `Skipped`."""

    name: str
    why: str
    change: str
    look: Look

    def run(self, site: Site) -> Finding:
        """What the check says about `site`."""
        try:
            result, seen = Result.OK, self.look(site)
        except Failed as failure:
            result, seen = Result.FAILED, str(failure)
        except Skipped as reason:
            result, seen = Result.SKIPPED, str(reason)
        return Finding(self.name, result, seen, self.why, self.change)
