"""Runs the suite's program and reads the results that it writes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.nodejs import PACKAGES, node_environment, node_program

# Each takes a few seconds. Whoever is stuck is stopped, and what was said until then is shown.
LIMIT_SECONDS = 180
REQUIREMENTS = PACKAGES / "node_modules" / "@modelcontextprotocol" / "conformance" / "requirements"


@dataclass(frozen=True)
class Check:
    """One thing that a scenario looked at. `status` is SUCCESS, FAILURE, WARNING, SKIPPED or INFO."""

    scenario: str
    check_id: str
    status: str
    message: str


@dataclass
class Run:
    """One run of the program: how it ended, what it printed, and what it checked."""

    exit_code: int | None
    output: str
    checks: list[Check] = field(default_factory=list)

    @property
    def scenarios(self) -> set[str]:
        """The scenarios that checked something."""
        return {check.scenario for check in self.checks if check.status in ("SUCCESS", "FAILURE", "WARNING")}

    def faults(self) -> list[Check]:
        """What is not as it should be."""
        return [check for check in self.checks if check.status in ("FAILURE", "WARNING")]


def required_scenarios(revision: str) -> set[str]:
    """The server scenarios that a revision requires, as the suite's own requirements file has them."""
    return set(yaml.safe_load((REQUIREMENTS / f"{revision}.yaml").read_text())["server"])


async def run_suite(*arguments: str, results: Path, on_line: Callable[[str], Awaitable[None]] | None = None) -> Run:
    """Run the program, giving each line that it prints to `on_line` as it comes.

    Raises:
        AssertionError: it was not done in time; with its output.
    """
    command = [*node_program("conformance"), *arguments, "--output-dir", str(results)]
    lines: list[str] = []
    async with _process(command) as process:
        try:
            async with asyncio.timeout(LIMIT_SECONDS):
                assert process.stdout is not None
                async for line in process.stdout:
                    lines.append(line.decode(errors="replace"))
                    if on_line is not None:
                        await on_line(lines[-1].strip())
                await process.wait()
        except TimeoutError:
            raise AssertionError(f"Not done after {LIMIT_SECONDS} seconds:\n{''.join(lines)}") from None
    return Run(process.returncode, "".join(lines), list(_read(results)))


@contextlib.asynccontextmanager
async def _process(command: list[str]) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=PACKAGES,
        env=node_environment(),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        # A line may hold a whole answer.
        limit=1024 * 1024,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _read(results: Path) -> list[Check]:
    """The checks of every scenario: the suite writes `<kind>-<scenario>-<time>/checks.json`."""
    checks = []
    for path in sorted(results.glob("*/checks.json")):
        scenario = _scenario(path.parent.name)
        found: list[dict[str, Any]] = json.loads(path.read_text())
        for check in found:
            message = check.get("errorMessage") or json.dumps(check.get("details", {}))[:500]
            checks.append(Check(scenario, check["id"], check["status"], message))
    return checks


def _scenario(directory: str) -> str:
    """`server-tools-list-2026-11-21T02-30-15-772Z` is about `tools-list`."""
    found = re.fullmatch(r"(?:authorization-)?server-(.+)-\d{4}-\d\d-\d\dT[\d-]+Z", directory)
    assert found is not None, directory
    return found[1]
