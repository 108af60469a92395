"""A person at a browser of their own, doing what our pages let people do, by accessible names (design §3)."""

from __future__ import annotations

import contextlib
import re
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, async_playwright, expect

from tests.browser import find_headless_chromium
from tests.journeys.server import Site

PASSWORD = "seven green herons"
SECONDS = 30
expect.set_options(timeout=SECONDS * 1000)
# Where assistants on this machine listen.
CALLBACK = re.compile(r"http://127\.0\.0\.1:\d+/callback\?")


@contextlib.asynccontextmanager
async def open_chromium(*arguments: str) -> AsyncIterator[Browser]:
    """The program, with further command-line arguments."""
    async with async_playwright() as playwright:
        # The sandbox needs rights that a container's root does not have, and the pages are ours.
        browser = await playwright.chromium.launch(
            executable_path=find_headless_chromium(), args=["--no-sandbox", "--disable-gpu", *arguments]
        )
        yield browser
        await browser.close()


@dataclass
class Person:
    """Somebody with an e-mail address, a password, and one browser tab open."""

    site: Site
    context: BrowserContext
    page: Page
    email: str = field(default_factory=lambda: f"person-{secrets.token_hex(5)}@example.com")
    password: str = field(default_factory=lambda: f"{PASSWORD} {secrets.token_hex(4)}")
    # What the browser complains about, scripts and styles that the policy blocked among it.
    complaints: list[str] = field(default_factory=list)
    # HTTP statuses of pages that the test asks for on purpose.
    expected_statuses: set[int] = field(default_factory=set)
    # Whether pages that are not the site's have to be in order too.
    minds_other_pages: bool = True

    @classmethod
    async def at_a_new_browser(cls, site: Site, chromium: Browser) -> Person:
        """Somebody with an empty profile, at an address of their own for a site that trusts its proxy."""
        address = f"198.18.{secrets.randbelow(256)}.{secrets.randbelow(256)}"
        context = await chromium.new_context(
            extra_http_headers={"X-Forwarded-For": address}, reduced_motion="reduce", locale="en-GB"
        )
        context.set_default_timeout(SECONDS * 1000)
        return cls(site, context, await context.new_page())

    def __post_init__(self) -> None:
        """Listen to the browser's console."""
        self.context.on("console", self._listen)
        self.context.on("weberror", lambda error: self.complaints.append(str(error.error)))

    async def open(self, path_or_url: str) -> None:
        """Go to a page of the site, or to any URL."""
        url = path_or_url if path_or_url.startswith("http") else self.site.url + path_or_url
        await self.page.goto(url)

    async def press(self, name: str) -> None:
        """Press the one button with this name."""
        await self.button(name).click()

    async def fill(self, label: str, value: str) -> None:
        """Fill in the one field with this label."""
        await self.page.get_by_label(label, exact=True).fill(value)

    def button(self, name: str) -> Locator:
        """The button with this name."""
        return self.page.get_by_role("button", name=name, exact=True)

    async def sees(self, text: str | re.Pattern[str]) -> None:
        """Wait until the page says so."""
        await expect(self.page.get_by_text(text).first).to_be_visible()

    async def is_back_at_the_assistant(self) -> None:
        """Wait until the browser was sent back to where an assistant listens."""
        await expect(self.page).to_have_url(CALLBACK)

    async def fill_in_sign_up(self) -> None:
        """On the sign-up page."""
        await self.fill("Email", self.email)
        await self.fill("Password", self.password)
        await self.press("Create account")

    async def fill_in_sign_in(self) -> None:
        """On the sign-in page."""
        await self.fill("Email", self.email)
        await self.fill("Password", self.password)
        await self.press("Sign in")

    async def sign_up(self) -> None:
        """Make an account; afterwards the person is signed in."""
        await self.open("/account/signup/")
        await self.fill_in_sign_up()
        await self.sees(self.email)

    async def sign_in(self) -> None:
        """Sign in to an account made before."""
        await self.open("/account/login/")
        await self.fill_in_sign_in()
        await self.sees(self.email)

    async def continue_without_account(self, authorization_url: str) -> None:
        """Connect an assistant as a guest."""
        await self.open(authorization_url)
        await self.press("Continue without an account")
        await self.is_back_at_the_assistant()

    async def allow(self, authorization_url: str) -> None:
        """Connect an assistant, being signed in."""
        await self.open(authorization_url)
        await self.press("Allow")
        await self.is_back_at_the_assistant()

    async def deny(self, authorization_url: str) -> None:
        """Do not connect an assistant."""
        await self.open(authorization_url)
        await self.press("Deny")
        await self.is_back_at_the_assistant()

    async def type_code(self, code: str) -> None:
        """Type a linking code; the confirm page follows if it is a good one."""
        await self.open("/link")
        await self.fill("Code", code)
        await self.press("Continue")

    async def link(self, code: str) -> None:
        """Type a linking code and confirm what it does."""
        await self.type_code(code)
        await self.press("Link account")
        await expect(self.button("Link account")).to_have_count(0)

    async def cookie(self, name: str) -> str | None:
        """The value of one of this browser's cookies for the site."""
        cookies = await self.context.cookies(self.site.url)
        return next((cookie["value"] for cookie in cookies if cookie["name"] == name), None)

    def _listen(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning"):
            return
        if not self.minds_other_pages and not str(message.location.get("url")).startswith(self.site.url):
            return
        if "net::ERR_" in message.text and any(server.was_killed for server in self.site.servers):
            return
        if any(f"status of {status} " in message.text for status in self.expected_statuses):
            return
        self.complaints.append(f"{message.location.get('url')}: {message.text}")
