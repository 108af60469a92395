"""How a person works a page: with a pointer, which is counted, or with the keyboard alone."""

from __future__ import annotations

from typing import Protocol

from playwright.async_api import expect

from tests.journeys.browser import Person

MOST_STOPS = 60

# What people hear or read of the control that has the focus.
FOCUSED = """
() => {
  const element = document.activeElement;
  return (element?.labels?.[0]?.innerText || element?.innerText || "").trim();
}
"""


class Hand(Protocol):
    """What the main job takes."""

    person: Person

    async def open(self, url: str) -> None:
        """Follow a link that an assistant shows."""

    async def press(self, name: str) -> None:
        """Press the button with this name."""

    async def follow(self, name: str) -> None:
        """Follow the link with this name."""

    async def fill(self, label: str, value: str) -> None:
        """Type into the field with this label."""


class Pointer:
    """Clicks, and counts them: every button, every link, and every address that is opened from an assistant.

    Typing is no click. The one field that matters has the focus when its page opens, and Tab leads to the others.
    """

    def __init__(self, person: Person) -> None:
        self.person = person
        self.clicks = 0

    async def open(self, url: str) -> None:
        """One click, in the assistant."""
        self.clicks += 1
        await self.person.open(url)

    async def press(self, name: str) -> None:
        """One click."""
        self.clicks += 1
        await self.person.press(name)

    async def follow(self, name: str) -> None:
        """One click."""
        self.clicks += 1
        await self.person.page.get_by_role("link", name=name, exact=True).click()

    async def fill(self, label: str, value: str) -> None:
        """No click."""
        await self.person.fill(label, value)


class Keyboard:
    """Tab, Enter and letters, and nothing else."""

    def __init__(self, person: Person) -> None:
        self.person = person

    async def open(self, url: str) -> None:
        """The address arrives as any other does."""
        await self.person.open(url)

    async def press(self, name: str) -> None:
        """Go there, and press Enter."""
        await expect(self.person.button(name)).to_be_visible()
        await self._go_to(name)
        await self.person.page.keyboard.press("Enter")

    async def follow(self, name: str) -> None:
        """Go there, and press Enter."""
        await expect(self.person.page.get_by_role("link", name=name, exact=True)).to_be_visible()
        await self._go_to(name)
        await self.person.page.keyboard.press("Enter")

    async def fill(self, label: str, value: str) -> None:
        """Go there, and type."""
        await expect(self.person.page.get_by_label(label, exact=True)).to_be_visible()
        await self._go_to(label)
        await self.person.page.keyboard.type(value)

    async def _go_to(self, name: str) -> None:
        for _ in range(MOST_STOPS):
            if await self.person.page.evaluate(FOCUSED) == name:
                return
            await self.person.page.keyboard.press("Tab")
        raise AssertionError(f"Tab does not lead to {name!r} at {self.person.page.url}")
