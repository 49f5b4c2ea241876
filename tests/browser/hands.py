"""Using a page as people do: by mouse, or by keyboard alone."""

from __future__ import annotations

from playwright.sync_api import Locator, Page

MOST_STOPS = 400


class Mouse:
    """Points and clicks."""

    def press(self, what: Locator) -> None:
        """Use a link or a button."""
        what.click()

    def write(self, what: Locator, text: str) -> None:
        """Put a text into a field in place of what is there, and leave it."""
        what.fill(text)
        what.blur()

    def tick(self, what: Locator) -> None:
        """Choose a box, or one of several."""
        what.check()


class Keyboard(Mouse):
    """Reaches everything by the Tab key, as it comes."""

    def press(self, what: Locator) -> None:
        self.reach(what)
        what.page.keyboard.press("Enter")

    def write(self, what: Locator, text: str) -> None:
        self.reach(what)
        what.page.keyboard.press("Control+A")
        what.page.keyboard.insert_text(text)
        what.page.keyboard.press("Tab")

    def tick(self, what: Locator) -> None:
        if what.is_checked():
            return
        if what.get_attribute("type") == "radio":
            self._choose(what)
            return
        self.reach(what)
        what.page.keyboard.press("Space")

    def _choose(self, what: Locator) -> None:
        """A radio button: Tab leads to the chosen one of its group, arrows from there to the others."""
        group = what.page.locator(f"input[type=radio][name='{what.get_attribute('name')}']")
        chosen = next((each for each in group.all() if each.is_checked()), group.first)
        self.reach(chosen)
        for _ in range(group.count()):
            what.page.keyboard.press("ArrowDown")
            if what.is_checked():
                return
        raise AssertionError(f"no arrow key leads to {what}")

    def reach(self, what: Locator) -> None:
        what.wait_for()
        page: Page = what.page
        for _ in range(MOST_STOPS):
            if what.evaluate("each => each === document.activeElement"):
                return
            page.keyboard.press("Tab")
        raise AssertionError(f"the Tab key does not lead to {what}")
