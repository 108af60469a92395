"""The pictures of README.md show the pages as they are."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser

from tests.pages.browser import looking_at
from tests.pages.catalogue import PAGES, Page
from tests.pages.pictures import README_NAMES, README_OUTPUT, README_SIZE, lasting_words
from tests.pages.site import Pages

pytestmark = [pytest.mark.once, pytest.mark.journey, pytest.mark.anyio]


@pytest.mark.parametrize("page", [page for page in PAGES if page.name in README_NAMES], ids=lambda page: page.name)
async def test_a_picture_of_the_readme_says_what_the_page_says(page: Page, pages: Pages, chromium: Browser) -> None:
    async with looking_at(page, pages=pages, chromium=chromium, size=README_SIZE) as look:
        words = await lasting_words(look)

    kept = README_OUTPUT / f"{README_NAMES[page.name]}.txt"
    assert kept.read_text() == words, 'The pictures are out of date: make screenshots ARGS="--readme"'
