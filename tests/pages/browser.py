"""A browser that comes as the visitor of a page, and remembers everything that it complains about."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Literal

from django.utils import translation
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Locator, Request, Response, Route
from playwright.async_api import Page as Tab

from tests.pages.catalogue import Act, Fill, Page, Press, Tick
from tests.pages.site import Pages

Scheme = Literal["light", "dark"]

PHONE, DESKTOP = SIZES = ((390, 844), (1280, 800))
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
SECONDS = 30

# To the console, because what a page remembers is gone with the page.
TELL_ON_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) => {
  console.error(`Policy violated: ${event.violatedDirective} ${event.blockedURI}`);
});
"""


@dataclass
class Look:
    """One tab of one visitor at one page. `complaints` fills by itself."""

    page: Page
    context: BrowserContext
    tab: Tab
    status: int = 0
    complaints: list[str] = field(default_factory=list)
    language: str = "en"

    def __post_init__(self) -> None:
        """Listen to everything that a browser can say."""
        self.context.on("console", self._hear)
        self.context.on("weberror", lambda error: self.complaints.append(f"error: {error.error}"))
        self.context.on("requestfailed", self._fail)
        self.context.on("response", self._answer)

    async def act(self, act: Act) -> None:
        """Do what a person does; after a press the next page is there."""
        match act:
            case Fill():
                await self.tab.get_by_label(self.named(act.label), exact=True).fill(act.value)
            case Press():
                async with self.tab.expect_navigation():
                    await self.button(act.name).click()
            case Tick():
                await self.tab.get_by_label(self.named(act.label), exact=True).check()
            case _:
                for field in await self.tab.locator(f"input[name={act.field}]").all():
                    await field.evaluate("(field) => { field.value = 'x'.repeat(field.value.length) }")

    def button(self, name: str) -> Locator:
        """The one button with this name."""
        return self.tab.get_by_role("button", name=self.named(name), exact=True)

    def named(self, name: str) -> str:
        """What a control is called in the visitor's language; the catalogue of pages has the English names."""
        with translation.override(self.language):
            return translation.gettext(name)

    async def show_what_is_without_scripts(self) -> None:
        """Load the page again as it is without JavaScript, in a browser that has it: checks may need scripts.

        Raises:
            AssertionError: the page has nothing of the kind.
        """

        async def unwrap(route: Route) -> None:
            response = await route.fetch()
            body = await response.text()
            assert "<noscript>" in body, self.page.name
            body = re.sub(r"</?noscript>|<script.*?</script>", "", body, flags=re.DOTALL)
            await route.fulfill(response=response, body=body)

        await self.context.route(self.tab.url, unwrap)
        await self.tab.reload()

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning"):
            return
        if self.page.status >= 400 and f"status of {self.page.status} " in message.text:
            return
        self.complaints.append(f"console: {message.text} ({message.location.get('url')})")

    def _fail(self, request: Request) -> None:
        # What is still loading when the person goes on is stopped.
        if request.failure != "net::ERR_ABORTED":
            self.complaints.append(f"failed: {request.url}: {request.failure}")

    def _answer(self, response: Response) -> None:
        if response.request.is_navigation_request():
            self.status = response.status
        elif response.status >= 400:
            self.complaints.append(f"{response.status}: {response.url}")


@contextlib.asynccontextmanager
async def looking_at(
    page: Page,
    *,
    pages: Pages,
    chromium: Browser,
    scripts: bool = True,
    size: tuple[int, int] = DESKTOP,
    scheme: Scheme = "light",
    language: str = "en",
    timezone: str = "UTC",
) -> AsyncIterator[Look]:
    """Be a visitor of `page` in a new profile, open it and do what leads to its state.

    Raises:
        AssertionError: it is answered with another status than the catalogue says.
    """
    visit = pages.visit(page)
    context = await chromium.new_context(
        java_script_enabled=scripts,
        # The certificate is the test's own.
        ignore_https_errors=True,
        viewport={"width": size[0], "height": size[1]},
        color_scheme=scheme,
        reduced_motion="reduce",
        locale={"en": "en-GB"}.get(language, language),
        timezone_id=timezone,
    )
    context.set_default_timeout(SECONDS * 1000)
    try:
        for name, value in visit.cookies.items():
            await context.add_cookies([{"name": name, "value": value, "url": visit.origin}])
        await context.add_init_script(TELL_ON_VIOLATIONS)
        if page.leaves:
            await context.route("**", _stay_on_the_way_to_an_app)
        look = Look(page, context, await context.new_page(), language=language)
        await look.tab.goto(visit.url)
        for act in page.acts:
            await look.act(act)
        assert look.status == page.status, f"{page.name}: {look.status} at {look.tab.url}"
        yield look
    finally:
        await context.close()


async def _stay_on_the_way_to_an_app(route: Route) -> None:
    """The page as it is, but for its refresh: a browser asks about the app, and until then no key reaches the page."""
    if route.request.method != "POST":
        await route.continue_()
        return
    response = await route.fetch()
    await route.fulfill(response=response, body=re.sub(r'<meta http-equiv="refresh"[^>]*>', "", await response.text()))
