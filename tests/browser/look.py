"""Looking at a page: what axe finds, and what does not fit, at each width and in light and dark."""

from __future__ import annotations

from typing import Any, Literal

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

DESKTOP, PHONE = 1280, 360
LIGHT: Literal["light"] = "light"
DARK: Literal["dark"] = "dark"
# Everything in light; dark is other colours and nothing else.
_RULES: dict[str, dict[str, Any]] = {
    LIGHT: {},
    DARK: {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}},
}
_RUN = "options => axe.run(document, {resultTypes: ['violations'], ...options}).then(each => each.violations)"
_TOO_WIDE = """() => {
  const most = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= most) return [];
  const wide = [...document.body.querySelectorAll('*')].filter(each => each.getBoundingClientRect().right > most + 1);
  return wide.slice(-3).map(each => each.outerHTML.slice(0, 120));
}"""
# Words of headings that are broken though they would fit into a line.
_PRESSED = """() => [...document.querySelectorAll('h1')].flatMap(heading => {
  const texts = document.createTreeWalker(heading, NodeFilter.SHOW_TEXT), range = document.createRange(), found = [];
  while (texts.nextNode()) for (const word of texts.currentNode.data.matchAll(/\\S+/g)) {
    range.setStart(texts.currentNode, word.index);
    range.setEnd(texts.currentNode, word.index + word[0].length);
    const parts = [...range.getClientRects()], tops = parts.map(each => each.top);
    const wide = parts.reduce((sum, each) => sum + each.width, 0);
    if (Math.max(...tops) - Math.min(...tops) > 10 && wide < 200) found.push(word[0]);
  }
  return found;
})"""


# Colours of the dark are the same at every width, but for the bar at the bottom: that has a test of its own.
FORMS: tuple[tuple[int, Literal["light", "dark"]], ...] = ((DESKTOP, LIGHT), (DESKTOP, DARK), (PHONE, LIGHT))


def faults(page: Page, forms: tuple[tuple[int, Literal["light", "dark"]], ...] = FORMS) -> list[str]:
    """What is wrong with the page that is open, by place."""
    found: list[str] = []
    # By the debugger, which the page's policy does not bind; the server never serves it.
    for frame in page.frames:
        frame.evaluate(AXE_SCRIPT)
    for width, scheme in forms:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        if scheme == LIGHT:
            found += [f"{width} px, too wide: {each}" for each in page.evaluate(_TOO_WIDE)]
            found += [f"{width} px, broken: {each}" for each in page.evaluate(_PRESSED)]
        found += [f"{width} px, {scheme}: {_said(each)}" for each in page.evaluate(_RUN, _RULES[scheme])]
    return found


def _said(violation: dict[str, Any]) -> str:
    node = violation["nodes"][0]
    more = f" and {len(violation['nodes']) - 1} more" if len(violation["nodes"]) > 1 else ""
    return (
        f"{violation['id']}: {violation['help']}: {node['html'][:160]}{more} ({node['failureSummary'][:200]})"
    )
