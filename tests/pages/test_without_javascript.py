"""Every page and state with JavaScript off: it says the same, and everything that can be done still can."""

from __future__ import annotations

from dataclasses import replace

import pytest
from playwright.async_api import Browser

from tests.pages.browser import PHONE, looking_at
from tests.pages.catalogue import PAGES, Page, Press
from tests.pages.checks import (
    axe_violations,
    dead_without_scripts,
    horizontal_scroll,
    load_axe,
    missing_content,
    unfold,
)
from tests.pages.site import Pages

pytestmark = [pytest.mark.once, pytest.mark.journey, pytest.mark.anyio]

NAMES_THAT_SAY_MORE = ("offer-waiting", "offer-waiting-elsewhere", "passkey-add", "reauthenticate-by-passkey")
SAYS_MORE = [page for page in PAGES if page.name in NAMES_THAT_SAY_MORE]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
async def test_it_works_without_scripts(page: Page, pages: Pages, chromium: Browser) -> None:
    async with looking_at(page, pages=pages, chromium=chromium, scripts=False, size=PHONE) as look:
        faults = [
            *await missing_content(look.tab),
            *await dead_without_scripts(look.tab),
            *await horizontal_scroll(look.tab),
        ]

    assert faults + look.complaints == []


@pytest.mark.parametrize("page", SAYS_MORE, ids=lambda page: page.name)
async def test_axe_finds_nothing_in_what_is_there_only_without_scripts(
    page: Page, pages: Pages, chromium: Browser
) -> None:
    """A page that loads itself again would be one of the things: whoever listens to it starts anew (WCAG 2.2.1)."""
    async with looking_at(page, pages=pages, chromium=chromium, size=PHONE) as look:
        await look.show_what_is_without_scripts()
        await unfold(look.tab)
        await load_axe(look.tab)
        faults = await axe_violations(look.tab)

    assert faults + look.complaints == []


async def test_the_way_back_to_an_app_opens_it_by_itself(pages: Pages, chromium: Browser) -> None:
    page = replace(next(page for page in PAGES if page.leaves), acts=(), leaves=False)
    async with (
        looking_at(page, pages=pages, chromium=chromium, scripts=False) as look,
        look.context.expect_event("request", lambda request: request.url.startswith("cursor://")),
    ):
        await look.act(Press("Allow"))
