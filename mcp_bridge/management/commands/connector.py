"""`manage.py connector [URL]`: an assistant without the assistant."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from mcp_bridge.connector import ConnectorError, Options, run_connector
from mcp_bridge.connector.flow import PROTOCOLS
from mcp_bridge.connector.screen import Screen

INTERRUPTED = 130


class Command(BaseCommand):
    """Connects to an MCP server the way an assistant does. Needs no database."""

    help = (
        "Connect to an MCP server the way an assistant does: sign in through the browser, list the tools, ask who you "
        "are, and link the connection to your account with a code. Exit codes: 0 done, 1 a tool answered an error, "
        "2 wrong usage, 3 nothing answers, 4 not an MCP server, 5 sign-in refused, 6 nobody finished in time, "
        "130 interrupted."
    )
    requires_system_checks = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        """The command line."""
        parser.add_argument("url", nargs="?", help=f"the server's MCP endpoint (default: {settings.DEXTER_RESOURCE})")
        parser.add_argument("--list", action="store_true", help="list the tools and stop")
        parser.add_argument("--call", metavar="TOOL", help="call this tool, print its answer and stop")
        parser.add_argument("--arguments", metavar="JSON", help="the arguments for --call, as a JSON object")
        parser.add_argument("--protocol", choices=PROTOCOLS, default="auto", help="the protocol revision to speak")
        parser.add_argument("--scope", help="ask for these scopes, separated by spaces, instead of the server's own")
        parser.add_argument("--no-browser", action="store_true", help="print the address instead of opening a browser")
        parser.add_argument(
            "--timeout", type=float, default=600, metavar="SECONDS", help="how long to wait for you (default: 600)"
        )
        parser.add_argument(
            "--store", type=Path, metavar="FILE", help="keep tokens in FILE, readable by you only (default: in memory)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Connect.

        Raises:
            CommandError: with the exit code that says why.
        """
        screen = Screen(write=self._show, is_terminal=self.stdout.isatty())
        try:
            asyncio.run(run_connector(_options(options), screen))
        except ConnectorError as error:
            raise CommandError(str(error), returncode=error.exit_code) from error
        except KeyboardInterrupt:
            raise CommandError("Interrupted.", returncode=INTERRUPTED) from None

    def _show(self, text: str) -> None:
        self.stdout.write(text, ending="")
        # Whoever reads us through a pipe waits for the code as much as a person does.
        self.stdout.flush()


def _options(options: dict[str, Any]) -> Options:
    url: str = options["url"] or settings.DEXTER_RESOURCE
    if not url.startswith(("http://", "https://")):
        raise CommandError(f"{url} is not a URL such as {settings.DEXTER_RESOURCE}", returncode=2)
    if options["arguments"] and not options["call"]:
        raise CommandError("--arguments needs --call", returncode=2)
    try:
        arguments = json.loads(options["arguments"] or "{}")
    except ValueError:
        arguments = None
    if not isinstance(arguments, dict):
        raise CommandError('--arguments must be a JSON object such as {"confirm": true}', returncode=2)
    return Options(
        url=url,
        protocol=options["protocol"],
        scope=options["scope"],
        open_browser=not options["no_browser"],
        timeout=options["timeout"],
        store=options["store"],
        only_list=options["list"],
        call=options["call"],
        arguments=arguments,
    )
