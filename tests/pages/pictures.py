"""Taking pictures of pages: of every state in every size and scheme, and the two of README.md."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from playwright.async_api import Browser

from tests.journeys.browser import open_chromium
from tests.journeys.databases import PROJECT, copy_of, migrated_database
from tests.pages.browser import SCHEMES, SIZES, Look, looking_at
from tests.pages.catalogue import Page
from tests.pages.site import Pages, open_pages

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
        async with open_chromium() as chromium, open_pages(database, Path(name)) as site:
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
