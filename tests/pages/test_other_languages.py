"""Every page in every other language: nothing is left in English, axe finds nothing, and longer words fit."""

from __future__ import annotations

import re
from functools import cache

import pytest
from django.conf import settings
from django.utils import translation
from playwright.async_api import Browser
from playwright.async_api import Page as Tab

from tests.messages import extract_messages
from tests.pages.browser import PHONE, looking_at
from tests.pages.catalogue import PAGES, Page
from tests.pages.checks import CONTRAST, axe_violations, horizontal_scroll, load_axe
from tests.pages.site import Pages

pytestmark = [pytest.mark.once, pytest.mark.journey, pytest.mark.anyio]

OTHER_LANGUAGES = [language for language, _ in settings.LANGUAGES if language != settings.LANGUAGE_CODE]
NARROWEST = (320, 256)
# Words of English that are none in the other languages, and no part of what programs and people are called.
ENGLISH = re.compile(
    r"\b(the|and|your|you|with|this|not|from|have|is|are|has|for|of|to|it|that|cannot|parameter)\b", re.IGNORECASE
)
WORDS = """
() => {
  const spoken = ["aria-label", "alt", "title", "placeholder"];
  const words = [document.title];
  // What a visitor was told on the way here was said in the language of that page.
  const foreign = (element) => element.closest("code, pre, script, style, .messages, [lang]:not(html)");
  for (const element of document.querySelectorAll("body *")) {
    if (!foreign(element)) words.push(...spoken.map((name) => element.getAttribute(name) ?? ""));
  }
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) if (!foreign(walker.currentNode.parentElement)) words.push(walker.currentNode.data);
  return words.map((text) => text.replaceAll(/\\s+/g, " ").trim()).filter(Boolean);
}
"""


@cache
def texts_to_translate(language: str) -> frozenset[str]:
    """The English texts that read differently in `language`."""
    with translation.override(language):
        texts = {str(message.id) for message in extract_messages() if isinstance(message.id, str) and message.id}
        return frozenset(text for text in texts if translation.gettext(text) != text)


async def left_in_english(tab: Tab, language: str) -> list[str]:
    """What the page says or shows that should be in `language`."""
    words: list[str] = await tab.evaluate(WORDS)
    return [text for text in words if text in texts_to_translate(language) or ENGLISH.search(text)]


@pytest.mark.parametrize("language", [language for language, _ in settings.LANGUAGES])
async def test_the_tabs_of_an_account_are_in_sight_whatever_their_words_and_the_width(
    language: str, pages: Pages, chromium: Browser
) -> None:
    """The last of them is where the person is: on a phone upright and across, and on half of a desktop."""
    (page,) = (page for page in PAGES if page.name == "data")

    async with looking_at(page, pages=pages, chromium=chromium, size=PHONE, language=language) as look:
        here = look.tab.locator(".tabs [aria-current=page]")
        for width in (320, 390, 500, 600, 640, 1280):
            await look.tab.set_viewport_size({"width": width, "height": 800})
            box = await here.bounding_box()
            tabs = await look.tab.locator(".tabs").evaluate("(tabs) => [tabs.scrollWidth, tabs.clientWidth]")

            assert box and box["x"] >= 0 and box["x"] + box["width"] <= width, width
            assert tabs[0] <= tabs[1], width


@pytest.mark.parametrize("language", OTHER_LANGUAGES)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
async def test_a_page_reads_and_fits_in_every_language(
    page: Page, language: str, pages: Pages, chromium: Browser
) -> None:
    async with looking_at(page, pages=pages, chromium=chromium, size=PHONE, language=language) as look:
        faults = await left_in_english(look.tab, language)
        await load_axe(look.tab)
        # The colours are those of the first language.
        faults += await axe_violations(look.tab, without=[CONTRAST])
        faults += await horizontal_scroll(look.tab)
        await look.tab.set_viewport_size({"width": NARROWEST[0], "height": NARROWEST[1]})
        faults += await horizontal_scroll(look.tab)
        spoken = await look.tab.locator("html").get_attribute("lang")

    assert faults + look.complaints == []
    assert spoken == language
