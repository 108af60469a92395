"""Scripts that arrive after the page: nothing moves under a finger, and what they do not bring takes no place."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import Browser, Route

from tests.pages.browser import PHONE
from tests.pages.site import Pages
from tests.pages.test_first_paint import visitor_of

pytestmark = [pytest.mark.once, pytest.mark.journey, pytest.mark.anyio]

LATE_SECONDS = 0.6
SHIFTS = """
() => new Promise((done) => {
  let sum = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) sum += entry.value;
  }).observe({ type: "layout-shift", buffered: true });
  setTimeout(() => done(sum), 300);
})
"""
# Forms for passkeys, and buttons that copy.
BROUGHT = "form[data-passkey], button[data-copy]"


@pytest.mark.parametrize("name", ["sign-in", "second-step-with-passkey", "mcp", "link-done"])
async def test_nothing_moves_when_they_arrive(pages: Pages, chromium: Browser, name: str) -> None:
    visit = pages.visit(name)
    context = await visitor_of(visit, chromium)
    tab = await context.new_page()
    await tab.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})

    async def late(route: Route) -> None:
        await asyncio.sleep(LATE_SECONDS)
        await route.continue_()

    await context.route("**/*.js", late)
    await tab.goto(visit.url, wait_until="networkidle")
    brought = await tab.locator(BROUGHT).first.is_visible()
    moved = await tab.evaluate(SHIFTS)
    await context.close()

    assert brought
    assert moved == 0


@pytest.mark.parametrize("name", ["sign-in", "mcp"])
async def test_without_scripts_no_place_is_kept(pages: Pages, chromium: Browser, name: str) -> None:
    visit = pages.visit(name)
    context = await visitor_of(visit, chromium, scripts=False)
    tab = await context.new_page()
    await tab.goto(visit.url)
    boxes = [await each.bounding_box() for each in await tab.locator(BROUGHT).all()]
    await context.close()

    assert boxes
    assert set(boxes) == {None}


@pytest.mark.parametrize("name", ["sign-in", "mcp"])
async def test_where_the_browser_cannot_no_place_is_kept(pages: Pages, chromium: Browser, name: str) -> None:
    visit = pages.visit(name)
    context = await visitor_of(visit, chromium)
    await context.add_init_script(
        "delete window.PublicKeyCredential; Object.defineProperty(navigator, 'clipboard', { value: undefined });"
    )
    tab = await context.new_page()
    await tab.goto(visit.url, wait_until="networkidle")
    left = await tab.locator(BROUGHT).count()
    await context.close()

    assert left == 0
