"""The checks themselves: each finds what it is there for, on a page that is wrong on purpose."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import anyio
import pytest
from playwright.async_api import Browser
from playwright.async_api import Page as Tab

from tests.pages.browser import looking_at
from tests.pages.catalogue import START, Page, at
from tests.pages.checks import (
    CONTRAST,
    axe_violations,
    dead_without_scripts,
    horizontal_scroll,
    load_axe,
    missing_content,
    pale_text,
    unfold,
)
from tests.pages.conftest import ON_PURPOSE, reported_violations
from tests.pages.keyboard import keyboard_faults
from tests.pages.site import Pages

pytestmark = [pytest.mark.once, pytest.mark.journey, pytest.mark.anyio]

SKIP = '<a href="#content">Skip to the content</a>'
REPORT_SECONDS = 20


@pytest.fixture
async def tab(chromium: Browser) -> AsyncIterator[Tab]:
    """An empty page."""
    context = await chromium.new_context(viewport={"width": 400, "height": 400})
    yield await context.new_page()
    await context.close()


async def test_axe_sees_a_picture_without_words_and_pale_text(tab: Tab) -> None:
    await tab.set_content(
        '<html lang="en"><title>x</title><main><h1 style="color: #bbb; background: #fff">Pale</h1><img src="data:,">'
    )
    await load_axe(tab)

    def rules(violations: list[str]) -> set[str]:
        return {violation.partition(":")[0] for violation in violations}

    assert rules(await axe_violations(tab)) == {CONTRAST, "image-alt"}
    assert rules(await axe_violations(tab, without=[CONTRAST])) == {"image-alt"}
    assert rules(await pale_text(tab)) == {CONTRAST}


async def test_what_is_folded_is_unfolded_to_be_seen(tab: Tab) -> None:
    await tab.set_content("<details><summary>More</summary><img src='data:,'></details>")
    await load_axe(tab)
    folded = [violation for violation in await axe_violations(tab) if violation.startswith("image-alt")]

    await unfold(tab)

    assert folded == []
    assert any(violation.startswith("image-alt") for violation in await axe_violations(tab))


async def test_what_is_wider_than_the_window_is_seen(tab: Tab) -> None:
    await tab.set_content("<pre class='wide' style='width: 500px'>x</pre>")

    [fault] = await horizontal_scroll(tab)

    assert "pre.wide" in fault


async def test_a_page_that_says_nothing_is_seen(tab: Tab) -> None:
    await tab.set_content("<main><div id='app'></div></main>")

    assert await missing_content(tab) == ["there is no heading"]


async def test_what_only_a_script_brings_to_life_is_seen(tab: Tab) -> None:
    await tab.set_content("<button type=button>Copy</button><form><input name=x></form><a href='#'>More</a>")

    assert len(await dead_without_scripts(tab)) == 3


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("<a href='/a'>A</a>", "Tab does not begin at the skip link"),
        (f"{SKIP}<style>button:focus {{ outline: none }}</style><button>B</button>", "one cannot see the focus"),
        (f"{SKIP}<a href='/a'>A</a><a href='/b' tabindex=1>B</a>", "Tab never reaches"),
        (f"{SKIP}<button onfocus='this.blur()'>B</button>", "Tab never reaches"),
        (
            f"{SKIP}<a href='/a'>A</a><div style='position: fixed; inset: 0; background: #fff'></div>",
            "something covers",
        ),
    ],
)
async def test_what_keeps_the_keyboard_out_is_seen(tab: Tab, body: str, fault: str) -> None:
    await tab.set_content(f"<style>:focus {{ outline: 2px solid }}</style>{body}")

    assert any(each.startswith(fault) for each in await keyboard_faults(tab))


async def test_what_the_policy_stops_is_heard_and_reported(pages: Pages, chromium: Browser) -> None:
    page = Page(START[0].name, at("/"))
    async with looking_at(page, pages=pages, chromium=chromium) as look:
        await look.tab.goto(f"{pages.site.url}/?{ON_PURPOSE}")
        await look.tab.evaluate(
            "document.body.append(Object.assign(document.createElement('script'), { textContent: 'var broken = 1' }))"
        )
        deadline = time.monotonic() + REPORT_SECONDS
        while not reported_violations(pages, on_purpose=True):
            assert time.monotonic() < deadline, "no browser reported anything"
            await anyio.sleep(0.1)
        ran = await look.tab.evaluate("typeof broken !== 'undefined'")

    assert not ran
    assert any("Policy violated: script-src" in complaint for complaint in look.complaints)


async def test_what_fails_to_load_is_heard(pages: Pages, chromium: Browser) -> None:
    async with looking_at(START[0], pages=pages, chromium=chromium) as look:
        await look.tab.evaluate("fetch('/nothing-here').then(() => null)")
        await look.tab.evaluate("fetch('/healthz').then(() => null)")

    assert any(complaint.startswith("404: ") for complaint in look.complaints)
    assert not any("/healthz" in complaint for complaint in look.complaints)
