"""`manage.py doctor [URL]`: what a connector would trip over, seen from the outside."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from mcp_bridge.doctor import Finding, Result, Site, all_checks


class Command(BaseCommand):
    """Examines a deployment. Needs no database."""

    help = (
        "Look at a deployment from the outside, as a connector sees it: documents, redirects, the 401 challenge, "
        "headers, user agents, CORS, timing, and a whole connection from registration to revocation, which is removed "
        "again. One line for each check; a failed one says why it matters and what to change. Exit codes: 0 all good, "
        "1 something failed. A certificate of your own authority is trusted when SSL_CERT_FILE names that authority."
    )
    requires_system_checks = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        """The command line."""
        parser.add_argument("url", nargs="?", help=f"the MCP endpoint (default: {settings.DEXTER_RESOURCE})")
        parser.add_argument("--json", action="store_true", help="print the findings as a JSON array")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the checks.

        Raises:
            CommandError: with exit code 1, if one failed.
        """
        url = (options["url"] or settings.DEXTER_RESOURCE).rstrip("/")
        if not url.startswith(("http://", "https://")):
            raise CommandError("The URL must start with https:// (or http:// on this machine).", returncode=2)
        findings: list[Finding] = []
        with Site(url) as site:
            for check in all_checks():
                finding = check.run(site)
                findings.append(finding)
                if not options["json"]:
                    self._show(finding)
        if options["json"]:
            self.stdout.write(json.dumps([asdict(finding) for finding in findings], indent=2))
        failed = sum(finding.result is Result.FAILED for finding in findings)
        if failed:
            raise CommandError(f"{failed} of {len(findings)} checks failed.", returncode=1)
        if not options["json"]:
            self.stdout.write(self.style.SUCCESS(f"{len(findings)} checks, none failed."))

    def _show(self, finding: Finding) -> None:
        style = {Result.OK: self.style.SUCCESS, Result.FAILED: self.style.ERROR, Result.SKIPPED: self.style.WARNING}
        self.stdout.write(f"{style[finding.result](f'{finding.result:8}')} {finding.name:22} {finding.seen}")
        if finding.result is Result.FAILED:
            self.stdout.write(f"{'':31} Why: {finding.why}\n{'':31} Change: {finding.change}")
