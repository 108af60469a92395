"""From one way in to another: the email is typed once, and the field that is empty has the focus."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Locator, expect

from tests.pages.browser import Look, looking_at
from tests.pages.catalogue import PAGES
from tests.pages.site import Pages

pytestmark = [pytest.mark.once, pytest.mark.journey, pytest.mark.anyio]

BY_NAME = {page.name: page for page in PAGES}
SIGN_IN = BY_NAME["sign-in"]
EMAIL = "ada@example.com"


def email_field(look: Look) -> Locator:
    """The field."""
    return look.tab.get_by_label("Email", exact=True)


@pytest.mark.parametrize("name", ["sign-in", "sign-up", "sign-in-by-code", "password-reset"])
async def test_whoever_arrives_types_at_once(pages: Pages, chromium: Browser, name: str) -> None:
    async with looking_at(BY_NAME[name], pages=pages, chromium=chromium) as look:
        await expect(email_field(look)).to_be_focused()


async def test_after_a_wrong_password_the_next_one_is_typed_at_once(pages: Pages, chromium: Browser) -> None:
    async with looking_at(BY_NAME["sign-in-wrong"], pages=pages, chromium=chromium) as look:
        await expect(look.tab.get_by_label("Password", exact=True)).to_be_focused()


@pytest.mark.parametrize("way", ["Email me a code instead", "Forgot password?", "Create an account"])
async def test_the_email_comes_along_to_another_way_in_and_back(pages: Pages, chromium: Browser, way: str) -> None:
    async with looking_at(SIGN_IN, pages=pages, chromium=chromium) as look:
        await email_field(look).fill(EMAIL)
        await look.tab.get_by_role("link", name=way, exact=True).click()
        await expect(email_field(look)).to_have_value(EMAIL)
        there = look.tab.url

        await look.tab.locator(".below-card a").click()
        await expect(email_field(look)).to_have_value(EMAIL)

        assert EMAIL not in there + look.tab.url
        await expect(look.tab.get_by_label("Password", exact=True)).to_be_focused()
        assert look.complaints == []


async def test_whoever_uses_the_tab_next_finds_no_email_in_it(pages: Pages, chromium: Browser) -> None:
    async with looking_at(SIGN_IN, pages=pages, chromium=chromium) as look:
        address = look.tab.url
        await email_field(look).fill(EMAIL)
        await look.tab.get_by_role("link", name="Forgot password?", exact=True).click()
        await expect(email_field(look)).to_have_value(EMAIL)

        await look.tab.goto(address)

        await expect(email_field(look)).to_have_value("")
        assert await look.tab.evaluate("sessionStorage.length") == 0
