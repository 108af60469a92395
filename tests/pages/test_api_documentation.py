"""The documentation of the API: Swagger UI under our policy, from our own files."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from tests.pages.browser import looking_at
from tests.pages.catalogue import API_DOCUMENTATION
from tests.pages.site import Pages

pytestmark = [pytest.mark.pages, pytest.mark.journey, pytest.mark.anyio]


async def test_it_shows_the_operations_and_breaks_no_policy(pages: Pages, chromium: Browser) -> None:
    async with looking_at(API_DOCUMENTATION, pages=pages, chromium=chromium) as look:
        await expect(look.tab.get_by_text("/api/link/verify").first).to_be_visible()

    assert look.complaints == []


async def test_without_scripts_it_says_where_the_document_is(pages: Pages, chromium: Browser) -> None:
    async with looking_at(API_DOCUMENTATION, pages=pages, chromium=chromium, scripts=False) as look:
        await expect(look.tab.get_by_role("link", name="the OpenAPI document")).to_be_visible()

    assert look.complaints == []
