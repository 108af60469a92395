"""What a phone has to fetch before somebody can read: little, and no script."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext

from tests.pages.site import Pages, Visit
from tests.pages.test_lighthouse import NAMES

pytestmark = [pytest.mark.once, pytest.mark.journey, pytest.mark.anyio]

MOST_BYTES = 60_000
# Modules wait until the page is there; any other script in the page would make it wait.
BLOCKING_SCRIPTS = "document.querySelectorAll('script:not([type=module], [defer], [async])').length"


async def test_the_page_for_codes_weighs_at_most_60_kb(pages: Pages, chromium: Browser) -> None:
    """Over the wire, headers included, with the page itself as the site sends it: a proxy may compress it further."""
    visit = pages.visit("link")
    context = await visitor_of(visit, chromium)
    tab = await context.new_page()
    developer_tools = await context.new_cdp_session(tab)
    fetched: dict[str, float] = {}
    urls: dict[str, str] = {}

    def begin(event: dict[str, Any]) -> None:
        urls[event["requestId"]] = event["request"]["url"]

    def finish(event: dict[str, Any]) -> None:
        fetched[urls[event["requestId"]]] = event["encodedDataLength"]

    developer_tools.on("Network.requestWillBeSent", begin)
    developer_tools.on("Network.loadingFinished", finish)
    await developer_tools.send("Network.enable")
    await tab.goto(visit.url, wait_until="networkidle")
    # A browser without a window fetches no icon.
    icon = await tab.locator("link[rel=icon]").evaluate("(link) => link.href")
    fetched[icon] = len(await (await context.request.get(icon)).body())
    await context.close()

    assert any(".css" in url for url in fetched) and any(".js" in url for url in fetched)
    assert sum(fetched.values()) <= MOST_BYTES, fetched


@pytest.mark.parametrize("name", NAMES)
async def test_the_first_paint_needs_no_script(name: str, pages: Pages, chromium: Browser) -> None:
    said, visit = [], pages.visit(name)
    for scripts in (True, False):
        context = await visitor_of(visit, chromium, scripts=scripts)
        tab = await context.new_page()
        await tab.goto(visit.url)
        # Copying takes a script, so these buttons come with it; the text that they copy is there before.
        await tab.locator("button[data-copy]").evaluate_all("(buttons) => buttons.forEach((each) => each.remove())")
        # Times are by the clock of whoever looks once a script knows it, and in UTC before.
        await tab.locator("time[datetime]").evaluate_all("(times) => times.forEach((each) => each.remove())")
        said.append(await tab.locator("body").inner_text())
        blocking = await tab.evaluate(BLOCKING_SCRIPTS)
        await context.close()

    assert said[0] == said[1]
    assert blocking == 0


async def visitor_of(visit: Visit, chromium: Browser, *, scripts: bool = True) -> BrowserContext:
    """The profile of a visitor."""
    context = await chromium.new_context(ignore_https_errors=True, java_script_enabled=scripts, locale="en-GB")
    for cookie, value in visit.cookies.items():
        await context.add_cookies([{"name": cookie, "value": value, "url": visit.origin}])
    return context
