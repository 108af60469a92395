"""Pages on which a person waits: what they say of the time is so when it has passed."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from tests.pages.browser import looking_at
from tests.pages.catalogue import LINK
from tests.pages.site import Pages

pytestmark = [pytest.mark.once, pytest.mark.journey, pytest.mark.anyio]

BY_NAME = {page.name: page for page in LINK}


async def test_when_the_lock_is_over_nothing_says_any_more_that_it_is_there(pages: Pages, chromium: Browser) -> None:
    async with looking_at(BY_NAME["link-locked-on-arrival"], pages=pages, chromium=chromium) as look:
        await look.tab.clock.install()
        await look.tab.reload()
        await expect(look.tab.get_by_text("Too many wrong codes.")).to_be_visible()
        await expect(look.tab.get_by_text("You can try again now")).to_be_hidden()

        await look.tab.clock.fast_forward("15:00")

        await expect(look.tab.get_by_text("You can try again now")).to_be_visible()
        await expect(look.tab.get_by_text("Too many wrong codes.")).to_be_hidden()
        await expect(look.tab.get_by_text("Time left:")).to_be_hidden()
    assert look.complaints == []


async def test_for_how_long_a_code_still_works_is_told_anew(pages: Pages, chromium: Browser) -> None:
    async with looking_at(BY_NAME["offer-waiting"], pages=pages, chromium=chromium) as look:
        left = look.tab.locator("[data-left]")
        await left.evaluate("span => { span.textContent = 'long ago' }")

        await expect(left).to_have_text("10 minutes")
        # Nobody wants to hear it each minute.
        await expect(look.tab.get_by_role("status").filter(has=left)).to_have_count(0)
    assert look.complaints == []
