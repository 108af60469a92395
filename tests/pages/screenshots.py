"""Pictures of every page and state, light and dark, on a phone and on a desktop.

    python -m tests.pages.screenshots [--only NAME...] [--language de] [--output DIRECTORY]

starts a site of its own and writes NAME-WIDTH-SCHEME.png for each page of `tests/pages/catalogue.py`, into
var/screenshots unless told otherwise. With --readme it writes the two pictures of README.md instead, into docs/img,
each with what it says beside it, for a test that sees when a page says something else.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from importlib import import_module
from pathlib import Path

import django

from tests.backends import stop_in_order_on_signals


def main() -> int:
    """Write what was asked for; returns the exit code."""
    # It keeps a developer's settings and database out, and comes before the settings are loaded.
    import_module("tests.environment")
    os.environ["DJANGO_SETTINGS_MODULE"] = "dexter.settings"
    django.setup()

    from tests.pages.catalogue import PAGES, STYLEGUIDE
    from tests.pages.pictures import OUTPUT, README_NAMES, README_OUTPUT, photograph

    parser = argparse.ArgumentParser(
        prog="python -m tests.pages.screenshots",
        description="Pictures of every page and state, light and dark, on a phone and on a desktop.",
    )
    parser.add_argument("--only", nargs="+", metavar="NAME", help="pages whose name contains one of these")
    parser.add_argument("--list", action="store_true", help="say what pages there are, and stop")
    parser.add_argument("--output", type=Path, help="where to write (var/screenshots)")
    parser.add_argument(
        "--readme", action="store_true", help="write the two pictures of README.md into docs/img instead"
    )
    parser.add_argument("--language", default="en", help="the language of the browser (en)")
    options = parser.parse_args()
    everything = [*PAGES, *STYLEGUIDE]
    pages = [page for page in everything if not options.only or any(part in page.name for part in options.only)]
    if options.readme:
        pages = [page for page in PAGES if page.name in README_NAMES]
    if options.list or not pages:
        print("\n".join(page.name for page in everything))
        return 0 if options.list else 2
    output = options.output or (README_OUTPUT if options.readme else OUTPUT)
    output.mkdir(parents=True, exist_ok=True)
    stop_in_order_on_signals()
    asyncio.run(photograph(pages, output=output, readme=options.readme, language=options.language))
    print(f"Written to {output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
