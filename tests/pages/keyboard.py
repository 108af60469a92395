"""Going through a page with the Tab key, as people do who have no pointer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from playwright.async_api import Page as Tab

# Remembers the controls that can be reached, with their looks while nothing has the focus.
# Of radio buttons with one name Tab reaches one; the arrow keys do the rest.
PREPARE = """
() => {
  const look = (element) => {
    const { outlineStyle, outlineWidth, boxShadow, borderTopColor } = getComputedStyle(element);
    return { outlineStyle, outlineWidth, boxShadow, borderTopColor };
  };
  // A field that is alone in its wrapper may have its focus drawn by what stands next to it.
  const looks = (element) => {
    const wrapper = element.parentElement;
    const isAlone = wrapper.querySelectorAll("a, button, input, select, textarea, summary").length === 1;
    const drawn = isAlone && element.matches("input, select, textarea") ? wrapper.querySelectorAll("*") : [];
    return [element, ...drawn].map(look);
  };
  const describe = (element) => {
    const label = element.labels?.[0]?.innerText || element.getAttribute("aria-label") || element.innerText;
    return `${element.tagName.toLowerCase()} “${(label || element.name || element.href || "").trim().slice(0, 60)}”`;
  };
  document.activeElement?.blur();
  const groups = new Set();
  const controls = [...document.querySelectorAll(
    "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]")]
    .filter((element) => element.tabIndex >= 0 && !element.disabled && !element.closest("[inert]"))
    .filter((element) => element.checkVisibility({ visibilityProperty: true }))
    .filter((element) => {
      if (element.type !== "radio") return true;
      const isNew = !groups.has(element.name);
      groups.add(element.name);
      return isNew;
    });
  const before = controls.map(looks);
  window.keyboard = { controls, before, looks, describe };
  // Tab goes on from the element that was focused last: from the top of the page.
  document.body.tabIndex = -1;
  document.body.focus();
  document.body.removeAttribute("tabindex");
  return controls.map(describe);
}
"""

STOP = """
() => {
  const { controls, before, looks, describe } = window.keyboard;
  const element = document.activeElement;
  if (!element || element === document.body) return null;
  const index = controls.findIndex((control) => control === element
    || (control.type === "radio" && element.type === "radio" && control.name === element.name));
  const isVisible = looks(element).some((now, at) => {
    const then = before[index]?.[at] ?? now;
    const hasOutline = now.outlineStyle !== "none" && parseFloat(now.outlineWidth) >= 2;
    const hasRing = now.boxShadow !== "none" && now.boxShadow !== then.boxShadow;
    return hasOutline || hasRing || (at > 0 && now.borderTopColor !== then.borderTopColor);
  });
  const box = element.getClientRects()[0];
  const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
  const hit = document.elementFromPoint(x, y);
  const isCovered = !hit || !(element.contains(hit) || hit.contains(element) || element.labels?.[0]?.contains(hit));
  return { index, name: describe(element), isVisible, isCovered };
}
"""


@dataclass(frozen=True)
class Stop:
    """A control that has the focus."""

    index: int
    name: str
    is_visible: bool
    is_covered: bool


async def keyboard_faults(tab: Tab) -> list[str]:
    """Controls that Tab does not reach, whose focus cannot be seen, or that something covers."""
    names: list[str] = await tab.evaluate(PREPARE)
    stops: list[Stop] = []
    for _ in range(len(names) + 2):
        await tab.keyboard.press("Tab")
        stop = _stop(await tab.evaluate(STOP))
        if stop is None or (stops and stop.index == stops[0].index):
            break
        stops.append(stop)
    indexes = [stop.index for stop in stops]
    faults = [f"Tab never reaches {name}" for index, name in enumerate(names) if index not in indexes]
    faults += [f"one cannot see the focus on {stop.name}" for stop in stops if not stop.is_visible]
    faults += [f"something covers {stop.name}" for stop in stops if stop.is_covered]
    if not stops or "Skip to the content" not in stops[0].name:
        faults.append(f"Tab does not begin at the skip link: {stops[:1]}")
    return faults


def _stop(answer: Any) -> Stop | None:
    if answer is None:
        return None
    return Stop(answer["index"], answer["name"], is_visible=answer["isVisible"], is_covered=answer["isCovered"])
