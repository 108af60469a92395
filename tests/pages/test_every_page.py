"""Every page and state in Chromium: on a phone and on a desktop, light and dark, zoomed, by keyboard.

WCAG 2.2 AA as far as axe sees it, 1.4.10 (reflow), 1.4.4 (zoom), 2.1.1, 2.4.3, 2.4.7 and 2.4.11 (keyboard and focus).
Nothing may fail to load, no script may fail, and the browser may have nothing to say about the policy.
"""

from __future__ import annotations

import pytest
from playwright.async_api import Browser

from tests.pages.browser import DESKTOP, SIZES, Look, looking_at
from tests.pages.catalogue import PAGES, STYLEGUIDE, Page
from tests.pages.checks import axe_violations, horizontal_scroll, load_axe, missing_content, pale_text, unfold
from tests.pages.keyboard import keyboard_faults
from tests.pages.site import Pages

pytestmark = [pytest.mark.once, pytest.mark.journey, pytest.mark.anyio]

# To a page's layout, zoom is a smaller window: 200 % on a desktop, and the narrowest that has to be served (1.4.10).
ZOOMED = (640, 400)
NARROWEST = (320, 256)


@pytest.mark.parametrize("page", [*PAGES, *STYLEGUIDE], ids=lambda page: page.name)
async def test_anybody_can_use_it(page: Page, pages: Pages, chromium: Browser) -> None:
    async with looking_at(page, pages=pages, chromium=chromium) as look:
        faults = await missing_content(look.tab)
        await unfold(look.tab)
        await load_axe(look.tab)
        for size in SIZES:
            await set_size(look, size)
            faults += named(f"{size[0]} px", await horizontal_scroll(look.tab) + await axe_violations(look.tab))
            # Of all that axe asks for, only this can differ in the dark.
            await look.tab.emulate_media(color_scheme="dark")
            faults += named(f"{size[0]} px dark", await pale_text(look.tab))
            await look.tab.emulate_media(color_scheme="light")
        for size in (ZOOMED, NARROWEST):
            await set_size(look, size)
            faults += named(f"{size[0]} px", await horizontal_scroll(look.tab))
        await set_size(look, DESKTOP)
        faults += await keyboard_faults(look.tab)

    assert faults + look.complaints == []


async def set_size(look: Look, size: tuple[int, int]) -> None:
    """Change the window."""
    await look.tab.set_viewport_size({"width": size[0], "height": size[1]})


def named(where: str, faults: list[str]) -> list[str]:
    """Say where each fault is."""
    return [f"{where}: {fault}" for fault in faults]
