"""The Code field of `/link`: prefilled from the address, which never confirms by itself (design §7), and typed into."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from linking.codes import LONGEST_TYPED
from tests.pages.browser import Look, looking_at
from tests.pages.catalogue import PAGES
from tests.pages.site import Pages

pytestmark = [pytest.mark.once, pytest.mark.journey, pytest.mark.anyio]

BY_NAME = {page.name: page for page in PAGES}
LINK, REFUSED = BY_NAME["link"], BY_NAME["link-wrong-code"]
MARKUP = "%3Cimg%20src=x%3E" + "A" * 5000


async def value_of(look: Look) -> str:
    """What is in the field."""
    return await look.tab.get_by_label("Code", exact=True).input_value()


async def type_where_the_page_begins(look: Look, text: str) -> None:
    """As somebody who does not click first: the field has the focus."""
    await expect(look.tab.get_by_label("Code", exact=True)).to_be_focused()
    await look.tab.keyboard.type(text)


@pytest.mark.parametrize(
    ("fragment", "value"),
    [
        # Each character stands in its box.
        ("#code=ABC-234", "ABC234"),
        (f"#code={MARKUP}", "<img src=x>" + "A" * (LONGEST_TYPED - 11)),
        ("#", ""),
        ("#code=", ""),
        ("#other=ABC-234", ""),
    ],
)
async def test_a_code_in_the_fragment_is_in_the_field_and_nothing_is_sent(
    pages: Pages, chromium: Browser, fragment: str, value: str
) -> None:
    async with looking_at(LINK, pages=pages, chromium=chromium) as look:
        address, requests = look.tab.url, list[str]()
        look.tab.on("request", lambda request: requests.append(f"{request.method} {request.url}"))
        await look.tab.goto("about:blank")

        await look.tab.goto(address + fragment)

        assert await value_of(look) == value
        assert look.tab.url == (address if value else address + fragment)
    assert f"GET {address}" in [request.split("#")[0] for request in requests]
    assert not [request for request in requests if request.startswith("POST") or "ABC-234" in request.split("#")[0]]
    assert look.complaints == []


async def test_a_new_code_is_typed_over_one_that_was_refused(pages: Pages, chromium: Browser) -> None:
    async with looking_at(REFUSED, pages=pages, chromium=chromium) as look:
        before = await value_of(look)

        await type_where_the_page_begins(look, "abc-234")

        assert (before, await value_of(look)) == ("222222", "ABC234")


async def test_loading_a_refusal_again_is_no_further_guess_and_keeps_the_code(pages: Pages, chromium: Browser) -> None:
    async with looking_at(REFUSED, pages=pages, chromium=chromium) as look:
        requests = list[str]()
        look.tab.on("request", lambda request: requests.append(request.method))

        for _ in range(5):
            await look.tab.reload()

        assert await value_of(look) == "222222"
        await expect(look.button("Continue")).to_be_visible()
        await expect(look.tab.get_by_role("alert")).to_have_count(0)
    assert "POST" not in requests
    assert look.complaints == []


async def test_back_over_a_refusal_leads_to_the_page(pages: Pages, chromium: Browser) -> None:
    async with looking_at(REFUSED, pages=pages, chromium=chromium) as look:
        address = look.tab.url
        await look.tab.goto(f"{address}/code")

        await look.tab.go_back()

        assert look.tab.url == address
        assert await value_of(look) == ""
        await expect(look.button("Continue")).to_be_visible()


async def test_a_refused_code_is_there_again_in_another_language(pages: Pages, chromium: Browser) -> None:
    async with looking_at(REFUSED, pages=pages, chromium=chromium) as look:
        address = look.tab.url

        await look.tab.get_by_role("button", name="Deutsch").click()

        await expect(look.tab.get_by_role("heading", name="Assistenten verknüpfen")).to_be_visible()
        assert await value_of(look) == "222222"
        assert look.tab.url == address


async def test_what_is_in_the_field_already_is_gone_on_with(pages: Pages, chromium: Browser) -> None:
    async with looking_at(LINK, pages=pages, chromium=chromium) as look:
        address = look.tab.url
        await look.tab.goto("about:blank")
        await look.tab.goto(f"{address}#code=ABC")

        await type_where_the_page_begins(look, "234")

        assert await value_of(look) == "ABC234"
