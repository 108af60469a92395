"""Times on pages: by the clock of whoever looks, where scripts run."""

from __future__ import annotations

import re
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Browser

from tests.pages.browser import looking_at
from tests.pages.catalogue import ACCOUNT
from tests.pages.site import Pages

pytestmark = [pytest.mark.once, pytest.mark.journey, pytest.mark.anyio]

[PAGE] = [page for page in ACCOUNT if page.name == "account"]
KOLKATA = "Asia/Kolkata"


async def test_they_are_local_and_the_server_time_is_at_hand(pages: Pages, chromium: Browser) -> None:
    async with looking_at(PAGE, pages=pages, chromium=chromium, timezone=KOLKATA) as look:
        time = look.tab.locator("main time[datetime]").first
        at = datetime.fromisoformat(await time.get_attribute("datetime") or "").astimezone(ZoneInfo(KOLKATA))

        shown = re.sub(r"\s", " ", await time.inner_text())
        assert shown == f"{at:%B} {at.day}, {at.year} at {at.hour % 12 or 12}:{at:%M %p}"
        assert (await time.get_attribute("title") or "").endswith(" UTC")
    assert look.complaints == []


async def test_without_scripts_they_say_that_they_are_in_utc(pages: Pages, chromium: Browser) -> None:
    async with looking_at(PAGE, pages=pages, chromium=chromium, scripts=False) as look:
        assert (await look.tab.locator("main time[datetime]").first.inner_text()).endswith(" UTC")
