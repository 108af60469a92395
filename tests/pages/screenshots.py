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
import tempfile
from collections.abc import Sequence
from pathlib import Path

import django

# It keeps a developer's settings and database out, and comes before the settings are loaded.
import tests.environment  # noqa: F401

os.environ["DJANGO_SETTINGS_MODULE"] = "dexter.settings"
django.setup()

from playwright.async_api import Browser  # noqa: E402

from tests.backends import stop_in_order_on_signals  # noqa: E402
from tests.journeys.browser import open_chromium  # noqa: E402
from tests.journeys.databases import PROJECT, copy_of, migrated_database  # noqa: E402
from tests.pages.browser import SCHEMES, SIZES, Look, looking_at  # noqa: E402
from tests.pages.catalogue import PAGES, STYLEGUIDE, Page  # noqa: E402
from tests.pages.site import Pages, open_pages  # noqa: E402

OUTPUT = PROJECT / "var" / "screenshots"
README_OUTPUT = PROJECT / "docs" / "img"
README_NAMES = {"consent-verified": "consent", "link-confirm": "link"}
README_SIZE = (800, 600)
README_MOST_BYTES = 150_000


async def photograph(pages: Sequence[Page], *, output: Path, readme: bool, language: str) -> None:
    """Write the pictures of `pages`."""
    with (
        tempfile.TemporaryDirectory(prefix="dexter-pages-") as name,
        migrated_database(Path(name)) as migrated,
        copy_of(migrated, Path(name)) as database,
    ):
        print(f"Starting a site for {len(pages)} pages", flush=True)
        names = [page.name for page in pages]
        async with open_chromium() as chromium, open_pages(database, Path(name), names=names) as site:
            for number, page in enumerate(pages, start=1):
                print(f"[{number}/{len(pages)}] {page.name}", flush=True)
                await (_one if readme else _all)(page, site, chromium, output, language)


async def _all(page: Page, pages: Pages, chromium: Browser, output: Path, language: str) -> None:
    async with looking_at(page, pages=pages, chromium=chromium, language=language) as look:
        for width, height in SIZES:
            await look.tab.set_viewport_size({"width": width, "height": height})
            for scheme in SCHEMES:
                await look.tab.emulate_media(color_scheme=scheme)
                path = output / f"{page.name}-{width}-{scheme}.png"
                await look.tab.screenshot(path=path, full_page=True, animations="disabled")


async def lasting_words(look: Look) -> str:
    """What a page says but for codes, names and times, a line each: with other words its picture is out of date."""
    words = await look.tab.locator("main :is(h1, h2, dt, button, .notice, .badge, .checks > li)").all_inner_texts()
    return "".join(f"{' '.join(each.split())}\n" for each in words if each.strip())


async def _one(page: Page, pages: Pages, chromium: Browser, output: Path, language: str) -> None:
    path = output / f"{README_NAMES[page.name]}.png"
    async with looking_at(page, pages=pages, chromium=chromium, size=README_SIZE, language=language) as look:
        await look.tab.screenshot(path=path, full_page=True, animations="disabled")
        path.with_suffix(".txt").write_text(await lasting_words(look))
    if path.stat().st_size > README_MOST_BYTES:
        raise SystemExit(
            f"{path} has {path.stat().st_size:,} bytes; the repository keeps {README_MOST_BYTES:,} at most."
        )


def main() -> int:
    """Write what was asked for; returns the exit code."""
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
