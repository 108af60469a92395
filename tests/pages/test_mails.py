"""The HTML of every mail, as a mail program shows it: on a phone and on a desktop, light and dark."""

from __future__ import annotations

import pytest
from django.utils import translation
from playwright.async_api import Browser

from dexter.mail_previews import Example, examples, render_example
from tests.pages.browser import SIZES
from tests.pages.checks import WCAG, axe_violations, horizontal_scroll, load_axe, pale_text

pytestmark = [pytest.mark.once, pytest.mark.anyio]


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("example", examples(), ids=lambda example: example.name)
async def test_anybody_can_read_it(example: Example, language: str, chromium: Browser) -> None:
    with translation.override(language):
        mail = render_example(example)
    context = await chromium.new_context()
    tab = await context.new_page()
    await tab.set_content(mail.html)
    await load_axe(tab)
    faults = []
    for width, height in SIZES:
        await tab.set_viewport_size({"width": width, "height": height})
        faults += await horizontal_scroll(tab)
        # What axe recommends beyond is for pages: a mail's landmarks are those of the program that shows it.
        faults += [f"{width} px: {fault}" for fault in await axe_violations(tab, WCAG)]
        await tab.emulate_media(color_scheme="dark")
        faults += [f"{width} px dark: {fault}" for fault in await pale_text(tab)]
        await tab.emulate_media(color_scheme="light")
    await context.close()

    assert faults == []
