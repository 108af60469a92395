"""Lighthouse, run on a page as its visitor; it simulates a slow phone on a slow network, whatever the machine is."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import sync_playwright

from tests.browser import find_system_chromium
from tests.nodejs import node_environment, node_program
from tests.pages.site import Visit

RUN_SECONDS = 120
ATTEMPTS = 3
FLAGS = "--headless=new --no-sandbox --disable-gpu --ignore-certificate-errors"


@dataclass(frozen=True)
class Report:
    """The score of each category, 0 to 100, and the audits that cost points."""

    scores: dict[str, int]
    failed: dict[str, list[str]]


def run_lighthouse(visit: Visit, *categories: str) -> Report:
    """Run it once.

    Raises:
        RuntimeError: Lighthouse could not load the page.
    """
    # A header for every request, because Lighthouse empties its browser's cookie jar.
    headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in visit.cookies.items())}
    command = [
        *node_program("lighthouse"),
        visit.url,
        f"--only-categories={','.join(categories)}",
        f"--chrome-flags={FLAGS}",
        f"--extra-headers={json.dumps(headers)}",
        "--output=json",
        "--quiet",
        "--disable-full-page-screenshot",
    ]
    environment = {**node_environment(), "CHROME_PATH": _chromium_path()}
    result: dict[str, Any] = {}
    for _ in range(ATTEMPTS):
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False, timeout=RUN_SECONDS
        )
        # Chromium's trace sometimes begins too late for Lighthouse (NO_NAVSTART), which then asks to be run again, or
        # lacks what a score needs, on a machine that is busy.
        if "run Lighthouse again" in done.stderr:
            continue
        if done.returncode:
            raise RuntimeError(done.stderr)
        result = json.loads(done.stdout)
        if all(category["score"] is not None for category in result["categories"].values()):
            return _report(result)
    raise RuntimeError(done.stderr or _errors(result))


def _errors(result: dict[str, Any]) -> str:
    """Why there is no score."""
    messages = {name: audit["errorMessage"] for name, audit in result["audits"].items() if "errorMessage" in audit}
    return f"Lighthouse could not score the page: {messages}"


def _report(result: dict[str, Any]) -> Report:
    scores, failed = {}, {}
    for name, category in result["categories"].items():
        scores[name] = round(category["score"] * 100)
        costly = [audit["id"] for audit in category["auditRefs"] if audit["weight"]]
        failed[name] = [each for each in costly if (result["audits"][each]["score"] or 0) < 1]
    return Report(scores, failed)


def _chromium_path() -> str:
    if system := find_system_chromium():
        return system
    with sync_playwright() as playwright:
        return playwright.chromium.executable_path
