"""What is wrong with a page that a browser shows: each check gives a list of sentences, empty when nothing is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from playwright.async_api import Page as Tab

from tests.nodejs import PACKAGES

AXE = PACKAGES / "node_modules" / "axe-core" / "axe.min.js"

# Everything that WCAG 2.2 AA asks of a page and a program can see, and what axe recommends beyond.
WCAG = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
RECOMMENDED = (*WCAG, "best-practice")
# The one rule that looks at colours, and the one that takes the longest.
CONTRAST = "color-contrast"
AXE_RUN = """
async ([tags, rules]) => {
  const { violations } = await axe.run(document, { runOnly: tags, rules, resultTypes: ["violations"] });
  return violations.flatMap((rule) => rule.nodes.map(
    (node) => `${rule.id}: ${node.target.join(" ")}: ${node.failureSummary.replaceAll("\\n", " ")}`));
}
"""

WIDER_THAN_THE_WINDOW = """
() => {
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth <= clientWidth) return [];
  const culprits = [...document.body.querySelectorAll("*")]
    .filter((element) => element.getBoundingClientRect().right > clientWidth + 1)
    .map((element) => `${element.tagName.toLowerCase()}.${element.className}`);
  return [`${scrollWidth} pixels wide in ${clientWidth}: ${culprits.slice(-5).join(", ")}`];
}
"""

# A button outside a form does something only with a script; so does a form that cannot be sent.
DEAD_WITHOUT_SCRIPTS = """
() => {
  const seen = (selector) => [...document.querySelectorAll(selector)].filter((element) => element.checkVisibility());
  const dead = seen("button, input[type=button]")
    .filter((button) => button.type === "button" || (!button.form && button.type === "submit") || button.disabled)
    .map((button) => `nothing happens on “${button.innerText}”`);
  const stuck = seen("form")
    .filter((form) => ![...form.elements].some((control) => control.type === "submit" && control.checkVisibility()))
    .map((form) => `there is no button to send the form to ${form.action}`);
  const links = seen("a").filter((link) => !link.getAttribute("href") || link.getAttribute("href") === "#")
    .map((link) => `“${link.innerText}” leads nowhere`);
  return [...dead, ...stuck, ...links];
}
"""

HAS_NO_HEADING_OR_TEXT = """
() => {
  const heading = document.querySelector("main h1");
  if (!heading || !heading.checkVisibility()) return ["there is no heading"];
  return document.querySelector("main").innerText.trim().length > 20 ? [] : ["there is nothing to read"];
}
"""


async def unfold(tab: Tab) -> None:
    """Open whatever is folded away, which no check sees."""
    await tab.evaluate("document.querySelectorAll('details').forEach((folded) => { folded.open = true })")


async def load_axe(tab: Tab) -> None:
    """Bring axe into the page as the developer tools would: the page's own policy stays as it is."""
    await tab.evaluate(AXE.read_text(encoding="utf-8"))


async def axe_violations(tab: Tab, tags: Sequence[str] = RECOMMENDED, *, without: Sequence[str] = ()) -> list[str]:
    """Every rule that an element breaks. `load_axe` comes first."""
    return _sentences(await tab.evaluate(AXE_RUN, [list(tags), {rule: {"enabled": False} for rule in without}]))


async def pale_text(tab: Tab) -> list[str]:
    """Text that is hard to tell from what is behind it. `load_axe` comes first."""
    return _sentences(await tab.evaluate(AXE_RUN, [{"type": "rule", "values": [CONTRAST]}, {}]))


async def horizontal_scroll(tab: Tab) -> list[str]:
    """Whether one has to scroll sideways."""
    return _sentences(await tab.evaluate(WIDER_THAN_THE_WINDOW))


async def dead_without_scripts(tab: Tab) -> list[str]:
    """Controls that only a script could bring to life."""
    return _sentences(await tab.evaluate(DEAD_WITHOUT_SCRIPTS))


async def missing_content(tab: Tab) -> list[str]:
    """Whether the page says nothing."""
    return _sentences(await tab.evaluate(HAS_NO_HEADING_OR_TEXT))


def _sentences(answer: Any) -> list[str]:
    assert isinstance(answer, list)
    return [str(sentence) for sentence in answer]
