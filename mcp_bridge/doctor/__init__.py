"""Looks at a deployment from the outside, the way a connector sees it, and says what to change."""

from __future__ import annotations

from mcp_bridge.doctor import documents, endpoints, journey
from mcp_bridge.doctor.checks import Check
from mcp_bridge.doctor.site import Finding, Result, Site

__all__ = ["Check", "Finding", "Result", "Site", "all_checks"]


def all_checks() -> list[Check]:
    """Every check, in the order in which a connector meets them; timing last, when all answers are in."""
    return [*documents.CHECKS, *endpoints.CHECKS, *journey.CHECKS, endpoints.TIMING]
